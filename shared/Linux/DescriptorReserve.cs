namespace Ambient.Linux;

/// <summary>The last of the descriptors that this process may open, which some of their users leave to others. Immutable.</summary>
/// <param name="first">The first number of the reserve.</param>
public sealed class DescriptorReserve(ulong first)
{
    private const int Share = 8;

    /// <summary>The last eighth of what the process may open by its soft limit of now; raise that before.</summary>
    /// <exception cref="LinuxException">The limit cannot be read.</exception>
    public static DescriptorReserve OfProcess()
    {
        var (soft, _) = Limits.OpenFiles();
        return new(soft - soft / Share);
    }

    /// <summary>The kernel gives the lowest number that is free: what was opened just now says that at least so many are in use.</summary>
    public bool Holds(Descriptor opened) => (ulong)opened.Value >= first;
}
