namespace Ambient.Model.Workloads;

/// <summary>Where a workload runs; empty = not known.</summary>
public readonly record struct Locality(string Region, string Zone, string Subzone)
{
    public string Region { get; } = Region ?? "";
    public string Zone { get; } = Zone ?? "";
    public string Subzone { get; } = Subzone ?? "";

    public bool IsEmpty => string.IsNullOrEmpty(Region) && string.IsNullOrEmpty(Zone) && string.IsNullOrEmpty(Subzone);
}
