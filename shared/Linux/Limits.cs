namespace Ambient.Linux;

/// <summary>Resource limits of this process.</summary>
public static unsafe class Limits
{
    /// <summary>Raises the soft limit of open files to the hard limit; each carried connection needs two.</summary>
    /// <returns>The limits after that. Where raising failed, soft is smaller than hard.</returns>
    /// <exception cref="LinuxException">The limits cannot even be read.</exception>
    public static (ulong Soft, ulong Hard) RaiseOpenFiles()
    {
        var limit = OpenFiles();
        if (limit.Soft == limit.Hard)
            return limit;

        var raised = new Libc.ResourceLimit { Soft = limit.Hard, Hard = limit.Hard };
        return Libc.setrlimit(Libc.RLIMIT_NOFILE, &raised) == 0 ? (limit.Hard, limit.Hard) : limit;
    }

    /// <summary>How many files this process may have open, and how many it may allow itself.</summary>
    /// <exception cref="LinuxException">They cannot be read.</exception>
    public static (ulong Soft, ulong Hard) OpenFiles()
    {
        Libc.ResourceLimit limit;
        CallResult.Of(Libc.getrlimit(Libc.RLIMIT_NOFILE, &limit)).OrThrow("getrlimit(RLIMIT_NOFILE)");
        return (limit.Soft, limit.Hard);
    }
}
