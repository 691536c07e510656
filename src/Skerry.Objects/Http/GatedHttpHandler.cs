using Skerry.Objects.Activation;

namespace Skerry.Objects.Http;

/// <summary>Holds a request of an object back until the writes made before it are confirmed.</summary>
internal sealed class GatedHttpHandler(ActiveObject active, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        active.Turn();
        var gate = active.LeaveAsync();
        if (!gate.IsCompletedSuccessfully)
        {
            // Not on the confirming thread: sending may take long.
            await gate.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("An object cannot send synchronously: that would hold its loop. Use the async methods.");

    // The inner handler is shared by all objects.
    protected override void Dispose(bool disposing)
    {
    }
}
