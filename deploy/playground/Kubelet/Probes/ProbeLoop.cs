using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Kubelet.Probes;

/// <summary>Looks at a container again and again, and says when the answer has changed often enough to count.</summary>
internal sealed class ProbeLoop(JsonObject probe, ProbeTarget target, TimeProvider time)
{
    private readonly long _failures = probe.Number("failureThreshold") ?? 3, _successes = probe.Number("successThreshold") ?? 1;

    /// <param name="decided">Called with each result that the thresholds make count; returns whether to go on.</param>
    public async Task RunAsync(Func<ProbeResult, bool> decided, CancellationToken stop)
    {
        var (period, limit) = (Seconds("periodSeconds", 10), Seconds("timeoutSeconds", 1));
        await Task.Delay(Seconds("initialDelaySeconds", 0), time, stop);
        var (inARow, last) = (0L, false);
        while (true)
        {
            var result = await ProbeAction.AskAsync(probe, target, limit, stop);
            inARow = result.Succeeded == last ? inARow + 1 : 1;
            last = result.Succeeded;
            if (inARow >= (result.Succeeded ? _successes : _failures) && !decided(result)) return;
            await Task.Delay(period, time, stop);
        }
    }

    private TimeSpan Seconds(string field, long otherwise) => TimeSpan.FromSeconds(probe.Number(field) ?? otherwise);
}
