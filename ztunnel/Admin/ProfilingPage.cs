using Ambient.Hosting.Pages;

namespace Ambient.Ztunnel.Admin;

/// <summary>Profiles are taken from outside: a native program has no profiler of its own, and carrying one would cost every node memory.</summary>
internal static class ProfilingPage
{
    public static PageResponse Respond(PageRequest request)
    {
        var pid = Environment.ProcessId;
        return request.Path switch
        {
            "/debug/pprof/profile" => PageResponse.Text(501, $"""
                This process does not profile itself. On the node:
                  perf record -F 99 -g -p {pid} -- sleep 10 && perf script
                The program has symbols for its functions in the .dbg file that is published beside it.

                """),
            "/debug/pprof/heap" or "/debug/pprof/heap/profiling" => PageResponse.Text(501, $"""
                This process does not profile its heap. Its size now:
                  managed heap {GC.GetTotalMemory(false)} bytes, committed {GC.GetGCMemoryInfo().TotalCommittedBytes} bytes,
                  {GC.CollectionCount(0)}/{GC.CollectionCount(1)}/{GC.CollectionCount(2)} collections of generation 0/1/2
                For the rest: /proc/{pid}/smaps_rollup, or gcore {pid} and a debugger.

                """),
            _ => PageResponse.NotFound(request),
        };
    }
}
