using Microsoft.Extensions.Logging;
using Skerry.Objects.Activation;

namespace Skerry.Objects.Fleet;

/// <inheritdoc cref="IObjectNode"/>
/// <remarks>It only takes messages in, in their order. What lasts longer goes on elsewhere, so that nothing queues here.</remarks>
internal sealed class ObjectNode(GrainId id, Silo silo, ILoggerFactory loggers, ObjectRuntime runtime)
    : GrainService(id, silo, loggers), IObjectNode
{
    private readonly NodeDesk _desk = new(runtime);

    public Task Greet() => Task.CompletedTask;

    public Task<CallReply> Call(CallRequest request) => _desk.Call(request);

    public Task<CallReply> Wait(Guid number) => _desk.Wait(number);

    public Task Cancel(Guid number) => _desk.Cancel(number);

    public Task<CallReply> RunAlarm(string @namespace, string id, long incarnation) => _desk.RunAlarm(@namespace, id, incarnation);

    public Task Leaving(SiloAddress silo)
    {
        runtime.Fleet?.Refuses(silo);
        return Task.CompletedTask;
    }
}
