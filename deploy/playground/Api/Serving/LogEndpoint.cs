using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Serving;

/// <summary>The output of a container, from whoever runs the pods.</summary>
internal sealed class LogEndpoint(ObjectStore store, IPodLogs? logs)
{
    public async Task ServeAsync(ApiRequest request)
    {
        var target = request.Target;
        var pod = store.Get(target.Kind, target.Namespace, target.Name).Copy();
        var containers = pod.ObjectsAt("spec", "containers").Select(container => container.Text("name")!).ToList();
        var container = request.Query("container") ?? "";
        if (container.Length == 0 && containers.Count > 1)
            throw StatusException.BadRequest($"a container name must be specified for pod {target.Name}, choose one of: [{string.Join(' ', containers)}]");
        if (container.Length > 0 && !containers.Contains(container))
            throw StatusException.BadRequest($"container {container} is not valid for pod {target.Name}");
        if (logs is null) throw StatusException.BadRequest("nobody keeps the output of pods in this playground");
        var tail = request.Number("tailLines");
        request.Context.Response.ContentType = "text/plain";
        var wanted = new PodLogRequest(target.Namespace, target.Name, container.Length > 0 ? container : containers[0], request.Flag("follow"),
            tail is null ? null : (int)Math.Min(tail.Value, int.MaxValue), request.Flag("previous"));
        await logs.WriteAsync(wanted, request.Context.Response.Body, request.Stop);
    }
}
