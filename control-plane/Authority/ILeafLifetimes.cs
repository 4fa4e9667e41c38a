namespace Ambient.ControlPlane.Authority;

/// <summary>Remembers the longest life ever granted, which later root rotations wait for.</summary>
internal interface ILeafLifetimes
{
    /// <summary>Records it; if that fails shorter certificates are granted, which is always safe.</summary>
    Task RecordAsync(TimeSpan lifetime, CancellationToken stop);
}
