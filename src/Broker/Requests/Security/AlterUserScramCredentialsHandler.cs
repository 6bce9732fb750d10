using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Security;

/// <summary>
/// AlterUserScramCredentials (key 51), version 0. A user's changes are granted all or none, and stored in the metadata
/// log. Known gap: nobody logs in with them yet.
/// </summary>
internal sealed class AlterUserScramCredentialsHandler(ControllerShard controller)
    : RequestHandler<AlterUserScramCredentialsRequest>
{
    protected override void Handle(PendingRequest pending, AlterUserScramCredentialsRequest request) =>
        controller.Run(pending, (core, records) => ScramChanges.Alter(request, core.Image.Scram, records));
}
