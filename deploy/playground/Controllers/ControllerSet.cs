using Ambient.Playground.Api;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Everything that works in a cluster beside its API, each on a task of its own.</summary>
internal sealed class ControllerSet : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public static ControllerSet Start(ObjectStore store, PlaygroundApiOptions options)
    {
        var set = new ControllerSet();
        List<Controller> controllers =
        [
            new DeploymentController(store), new ReplicaSetController(store), new DaemonSetController(store), new JobController(store),
            new EndpointSliceController(store), new Scheduler(store),
        ];
        if (options.SimulatedNodes > 0) controllers.Add(new SimulatedNodes(store, options.SimulatedNodes, options.PodRange));
        set._running.AddRange(controllers.Select(controller => Task.Run(() => controller.RunAsync(set._stop.Token))));
        return set;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var task in _running)
        {
            try { await task; }
            catch (OperationCanceledException) { }
        }
        _stop.Dispose();
    }
}
