using Ambient.Playground.Api;

namespace Ambient.Playground.Cluster;

/// <summary>The output of the pods that kubelets run, for <c>kubectl logs</c>.</summary>
internal sealed class PodOutput(Func<IEnumerable<ClusterNode>> nodes) : IPodLogs
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public async Task WriteAsync(PodLogRequest request, Stream output, CancellationToken stop)
    {
        var file = nodes().Select(node => node.Kubelet?.LogFileOf(request.Namespace, request.Pod, request.Container)).FirstOrDefault(file => file is not null);
        if (file is null || !File.Exists(file)) throw StatusException.BadRequest($"container \"{request.Container}\" in pod \"{request.Pod}\" is waiting to start: ContainerCreating");
        await using var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (request.TailLines is { } lines) Skip(log, lines);
        while (true)
        {
            await log.CopyToAsync(output, stop);
            if (!request.Follow) return;
            await output.FlushAsync(stop);
            await Task.Delay(Interval, TimeProvider.System, stop);
        }
    }

    // To the beginning of the last lines. The files of a playground are small enough to be read whole.
    private static void Skip(FileStream log, int lines)
    {
        var text = new byte[log.Length];
        log.ReadExactly(text);
        var from = text.Length > 0 && text[^1] == '\n' ? text.Length - 1 : text.Length;
        for (; lines > 0 && from > 0; lines--) from = text.AsSpan(0, from).LastIndexOf((byte)'\n') is var end && end < 0 ? 0 : end;
        log.Position = from == 0 ? 0 : Math.Min(text.Length, from + 1);
    }
}
