using Ambient.Linux;
using Ambient.Model.Connections;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Runs one connection so that a defect in its handling ends it alone, and is told.</summary>
internal static class GuardedRun
{
    /// <param name="connection">Taken over by <paramref name="carry"/>; closed here if that fails first.</param>
    public static async Task RunAsync(PodWorker pod, Descriptor connection, Func<PodWorker, Descriptor, Task> carry)
    {
        using (connection)
            await RunAsync(pod, () => carry(pod, connection));
    }

    public static async Task RunAsync(PodWorker pod, Func<Task> connection)
    {
        try
        {
            await connection();
        }
        catch (Exception error)
        {
            pod.Worker.Ledger.Refuse(null, null, Direction.Inbound, ReasonCode.InternalError, error.ToString());
        }
    }
}
