using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The first moments of a running pod in the mesh: peers that have not heard of it yet call it in plain, as they did before.</summary>
/// <remarks>
/// What the mesh demands of them by now, an identity or the way through a waypoint, they cannot know of. So what comes in plain until they
/// can counts as older than the entry. A pod that starts in the mesh has no such moments: nobody has called it before. Thread-safe.
/// </remarks>
internal sealed class PodEntry
{
    /// <summary>For pods that have been in the mesh for a while, or always.</summary>
    public static readonly PodEntry Past = new();

    // News reaches all proxies at about the same time; some are slower to take it in than this one.
    private static readonly TimeSpan OthersHear = TimeSpan.FromSeconds(1);

    // Of all of it, should the mesh never hear: the pod's policies are not put off for long.
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(5);

    private volatile bool _isUnderWay;

    private PodEntry()
    {
    }

    public bool IsUnderWay => _isUnderWay;

    /// <summary>Under way if the mesh knows the pod as one outside; over 1 s after it knows better, and after 5 s anyway.</summary>
    public static PodEntry Of(LocalName pod, MeshState mesh, TimeProvider time)
    {
        if (mesh.Current.FindLocalWorkload(pod) is not { Protocol: TunnelProtocol.None }) return Past;
        var entry = new PodEntry { _isUnderWay = true };
        _ = entry.EndAsync(pod, mesh, time);
        return entry;
    }

    private async Task EndAsync(LocalName pod, MeshState mesh, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(Most, time);
        try
        {
            await mesh.WaitForAsync(snapshot => snapshot.FindLocalWorkload(pod) is { Protocol: TunnelProtocol.Hbone } inside ? inside : null, limit.Token);
            await Task.Delay(OthersHear, time, limit.Token);
        }
        catch (OperationCanceledException)
        {
            // It has taken long enough.
        }
        finally
        {
            _isUnderWay = false;
        }
    }
}
