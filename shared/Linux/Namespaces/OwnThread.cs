using System.Runtime.ExceptionServices;

namespace Ambient.Linux.Namespaces;

/// <summary>Runs work on a thread that exists for it alone and ends with it: whatever the work does to the thread leaks nowhere.</summary>
internal static class OwnThread
{
    // Only what is touched is memory; libnftables puts messages of 64 KiB on the stack.
    private const int StackBytes = 1024 * 1024;

    internal static T Run<T>(string name, Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }, maxStackSize: StackBytes) { Name = name, IsBackground = true };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
