using Ambient.Model.Connections;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Runs one connection so that a defect in its handling ends it alone, and is told.</summary>
internal static class GuardedRun
{
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
