using Millrace.Core.Controller;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Core.Controller.Admin;

/// <summary>Who can be taken out of the cluster.</summary>
public sealed class RegistrationsTests
{
    private static readonly BrokersImage Image = BrokersImage.Empty
        .Replay(new RegisterBrokerRecord { BrokerId = 1 })
        .Replay(new RegisterBrokerRecord { BrokerId = 2, BrokerEpoch = 7 })
        .Replay(new RegisterControllerRecord { ControllerId = 1 })
        .Replay(new RegisterControllerRecord { ControllerId = 2 });

    [Theory]
    [InlineData(1, ErrorCode.InvalidRequest)]
    [InlineData(2, ErrorCode.None)]
    [InlineData(3, ErrorCode.BrokerIdNotRegistered)]
    public void ABrokerThatIsNotThisOneMayGo(int broker, ErrorCode expected)
    {
        var records = new List<IMessage>();
        var response = Registrations.Unregister(new UnregisterBrokerRequest { BrokerId = broker }, Image, 1, records);

        Assert.Equal(expected, response.ErrorCode);
        Assert.Equal(
            expected == ErrorCode.None ? 1 : 2,
            records.Aggregate(Image, (image, record) => image.Replay(record)).Brokers.Count);
    }

    [Theory]
    [InlineData(1, ErrorCode.InvalidRequest)]
    [InlineData(2, ErrorCode.None)]
    [InlineData(3, ErrorCode.ControllerIdNotRegistered)]
    public void AControllerThatIsNotThisOneMayGo(int controller, ErrorCode expected)
    {
        var records = new List<IMessage>();
        var response = Registrations.Unregister(
            new UnregisterControllerRequest { ControllerId = controller }, Image, 1, records);

        Assert.Equal(expected, response.ErrorCode);
        Assert.Equal(
            expected == ErrorCode.None ? 1 : 2,
            records.Aggregate(Image, (image, record) => image.Replay(record)).Controllers.Count);
    }
}
