using Millrace.Broker.Cluster;
using Millrace.Core.Controller.Admin;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Requests.Admin;

/// <summary>
/// UpdateFeatures (key 57), versions 0 to 2. All updates or none; what is wrong is told for the whole
/// (INVALID_UPDATE_VERSION), with no list in any version.
/// </summary>
internal sealed class UpdateFeaturesHandler(ControllerShard controller) : RequestHandler<UpdateFeaturesRequest>
{
    protected override void Handle(PendingRequest pending, UpdateFeaturesRequest request) =>
        controller.Run(pending, (core, records) => FeatureUpdates.Update(request, core.Image.Features, records));
}
