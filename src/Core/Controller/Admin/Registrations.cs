using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Core.Controller.Admin;

/// <summary>
/// What requests to forget brokers and controllers come to: a cluster that Kafka left may know more than this node,
/// which itself can't be taken out.
/// </summary>
internal static class Registrations
{
    public static UnregisterBrokerResponse Unregister(
        UnregisterBrokerRequest request, BrokersImage image, int nodeId, List<IMessage> records)
    {
        var isKnown = image.Brokers.TryGetValue(request.BrokerId, out var broker);
        var (error, message) = !isKnown
            ? new Verdict(ErrorCode.BrokerIdNotRegistered, $"Broker {request.BrokerId} is not registered.")
            : Judge(request.BrokerId, nodeId);
        if (error == ErrorCode.None)
        {
            records.Add(new UnregisterBrokerRecord
            {
                BrokerId = request.BrokerId,
                BrokerEpoch = broker!.Epoch,
            });
        }

        return new UnregisterBrokerResponse { ErrorCode = error, ErrorMessage = message };
    }

    public static UnregisterControllerResponse Unregister(
        UnregisterControllerRequest request, BrokersImage image, int nodeId, List<IMessage> records)
    {
        var (error, message) = !image.Controllers.ContainsKey(request.ControllerId)
            ? new Verdict(
                ErrorCode.ControllerIdNotRegistered, $"Controller {request.ControllerId} is not registered.")
            : Judge(request.ControllerId, nodeId);
        if (error == ErrorCode.None)
            records.Add(new UnregisterControllerRecord { ControllerId = request.ControllerId });
        return new UnregisterControllerResponse { ErrorCode = error, ErrorMessage = message };
    }

    private static Verdict Judge(int id, int nodeId) => id == nodeId
        ? new Verdict(ErrorCode.InvalidRequest, "This node is all of the cluster that there is.")
        : Verdict.Good;
}
