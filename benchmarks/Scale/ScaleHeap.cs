using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace Ambient.Scale;

/// <summary>What a .NET process keeps: its heap right after a full collection that it is asked for over its diagnostics port.</summary>
internal static class ScaleHeap
{
    /// <returns>Bytes of all generations after the collection, holes included.</returns>
    public static async Task<long> CollectAsync(int process)
    {
        var keywords = (long)(ClrTraceEventParser.Keywords.GC | ClrTraceEventParser.Keywords.GCHeapCollect);
        using var session = await new DiagnosticsClient(process).StartEventPipeSessionAsync(
            new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, keywords), requestRundown: false, circularBufferMB: 16, CancellationToken.None);
        using var events = new EventPipeEventSource(session.EventStream);
        var collected = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        events.Clr.GCHeapStats += stats => collected.TrySetResult(stats.TotalHeapSize);
        var reading = Task.Run(events.Process);
        var bytes = await collected.Task.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        await session.StopAsync(CancellationToken.None);
        await reading;
        return bytes;
    }
}
