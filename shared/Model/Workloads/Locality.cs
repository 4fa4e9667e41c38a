namespace Ambient.Model.Workloads;

/// <summary>Where a workload runs; empty = not known. The default value is the empty locality.</summary>
public readonly record struct Locality
{
    // Null stands for empty, so that the default value is equal to one that was read from empty texts.
    private readonly string? _region, _zone, _subzone;

    public Locality(string region, string zone, string subzone)
    {
        _region = Filled(region);
        _zone = Filled(zone);
        _subzone = Filled(subzone);
    }

    public string Region => _region ?? "";

    public string Zone => _zone ?? "";

    public string Subzone => _subzone ?? "";

    public bool IsEmpty => _region is null && _zone is null && _subzone is null;

    private static string? Filled(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
