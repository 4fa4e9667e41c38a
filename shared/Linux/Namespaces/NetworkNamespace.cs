using System.Text;

namespace Ambient.Linux.Namespaces;

/// <summary>A network namespace: sockets made inside belong to it for life and work from any thread.</summary>
/// <remarks>Being inside is a property of a thread, so work that is run inside must not <c>await</c>.</remarks>
public sealed unsafe class NetworkNamespace : IDisposable
{
    // Of the whole process, and never closed: one kept by each thread would be closed some time after the thread's end.
    private static readonly Lazy<NetworkNamespace> Home = new(static () => Open("/proc/self/ns/net"), LazyThreadSafetyMode.PublicationOnly);

    private NetworkNamespace(Descriptor descriptor, NamespaceKey key)
    {
        Descriptor = descriptor;
        Key = key;
    }

    /// <summary>Keeps the namespace alive; may be sent to another process.</summary>
    public Descriptor Descriptor { get; }

    /// <summary>Equal for two descriptors of the same namespace, and only then.</summary>
    public NamespaceKey Key { get; }

    /// <summary>Opens a namespace by path, such as <c>/var/run/netns/x</c> or <c>/proc/1/ns/net</c>.</summary>
    /// <exception cref="LinuxException">It does not exist or may not be opened.</exception>
    public static NetworkNamespace Open(string path)
    {
        fixed (byte* raw = Encoding.UTF8.GetBytes(path + '\0'))
            return FromDescriptor(new(CallResult.Of(Libc.open(raw, Libc.O_RDONLY | Libc.O_CLOEXEC, 0)).OrThrow($"open({path})")));
    }

    /// <param name="descriptor">Taken over. That it is a network namespace shows when it is entered (EINVAL).</param>
    public static NetworkNamespace FromDescriptor(Descriptor descriptor)
    {
        try
        {
            return new(descriptor, NamespaceKey.Of(descriptor));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>The namespace the calling thread is in.</summary>
    public static NetworkNamespace Current() => Open($"/proc/self/task/{Libc.gettid()}/ns/net");

    /// <summary>Runs <paramref name="work"/> inside, on a thread made for it; blocks until it has ended. Any thread may call.</summary>
    /// <exception cref="LinuxException">EPERM: the process lacks SYS_ADMIN; EINVAL: not a network namespace; EBADF: disposed.</exception>
    public T Run<T>(Func<T> work) => OwnThread.Run("netns", () =>
    {
        Enter();
        return work();
    });

    /// <summary>
    /// Runs <paramref name="work"/> inside on the calling thread and returns to the process's own namespace: a few microseconds
    /// instead of a thread's start. Only for threads that the caller owns and that are there, such as an event loop's; never for a pooled one.
    /// </summary>
    /// <remarks>If the thread cannot return, the process ends: carrying on would make sockets in the wrong pod.</remarks>
    /// <exception cref="LinuxException">EPERM: the process lacks SYS_ADMIN; EINVAL: not a network namespace; EBADF: disposed.</exception>
    public T RunOnOwnedThread<TState, T>(TState state, Func<TState, T> work)
    {
        var home = Home.Value;
        if (home.Key == Key)
            return work(state);

        Enter();
        try
        {
            return work(state);
        }
        finally
        {
            home.EnterOrEndProcess();
        }
    }

    public void Dispose() => Descriptor.Dispose();

    // Held meanwhile: the number of a descriptor that was closed may be another namespace's by now.
    private void Enter()
    {
        var isHeld = false;
        try
        {
            Descriptor.DangerousAddRef(ref isHeld);
            CallResult.Of(Libc.setns(Descriptor.Value, Libc.CLONE_NEWNET)).OrThrow("setns(CLONE_NEWNET)");
        }
        catch (ObjectDisposedException)
        {
            throw new LinuxException("setns(CLONE_NEWNET)", Errno.BadDescriptor);
        }
        finally
        {
            if (isHeld) Descriptor.DangerousRelease();
        }
    }

    private void EnterOrEndProcess()
    {
        var result = CallResult.Of(Libc.setns(Descriptor.Value, Libc.CLONE_NEWNET));
        if (!result.Succeeded)
            Environment.FailFast(LinuxException.Describe("setns back to the process's own network namespace", result.Errno));
    }
}
