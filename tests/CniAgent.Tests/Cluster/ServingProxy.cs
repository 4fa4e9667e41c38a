using Ambient.CniAgent.Tests.Zds;
using Ambient.Protos.Zds;

namespace Ambient.CniAgent.Tests.Cluster;

/// <summary>A node proxy that says yes to everything and remembers what it serves.</summary>
internal sealed class ServingProxy : IDisposable
{
    private readonly TestProxy _proxy;
    private readonly Task _serving;
    private readonly HashSet<string> _served = [];
    private readonly List<string> _log = [];

    public ServingProxy(string path)
    {
        _proxy = TestProxy.Connect(path);
        _serving = Task.Run(Serve);
    }

    /// <summary>Uids of the pods it was told of and not told to let go.</summary>
    public IReadOnlyCollection<string> Served
    {
        get { lock (_log) return [.. _served]; }
    }

    /// <summary>All requests in order, such as <c>add UID</c>, <c>keep UID</c>, <c>del UID</c>, <c>snapshot</c>.</summary>
    public IReadOnlyList<string> Log
    {
        get { lock (_log) return [.. _log]; }
    }

    public void Dispose()
    {
        _proxy.Socket.Stop();
        _ = _serving.Wait(PodLab.Patience);
        _proxy.Dispose();
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                Take(_proxy.Next());
                _proxy.Acknowledge();
            }
        }
        catch (Exception)
        {
            // The conversation is over, by either side.
        }
    }

    private void Take(WorkloadRequest request)
    {
        lock (_log)
        {
            switch (request.PayloadCase)
            {
                case WorkloadRequest.PayloadOneofCase.Add:
                    _served.Add(request.Add.Uid);
                    _log.Add($"add {request.Add.Uid}");
                    break;
                case WorkloadRequest.PayloadOneofCase.Keep:
                    _log.Add($"keep {request.Keep.Uid}");
                    break;
                case WorkloadRequest.PayloadOneofCase.Del:
                    _served.Remove(request.Del.Uid);
                    _log.Add($"del {request.Del.Uid}");
                    break;
                default:
                    _log.Add("snapshot");
                    break;
            }
        }
    }
}
