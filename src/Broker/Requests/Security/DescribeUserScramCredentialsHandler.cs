using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// DescribeUserScramCredentials (key 50), version 0. Mechanisms and iterations of the named users, or of all; never
/// what a password could be found by.
/// </summary>
internal sealed class DescribeUserScramCredentialsHandler(ControllerShard controller)
    : RequestHandler<DescribeUserScramCredentialsRequest>
{
    protected override void Handle(PendingRequest pending, DescribeUserScramCredentialsRequest request) =>
        pending.Reply(ScramChanges.Describe(request, controller.Image.Scram));
}
