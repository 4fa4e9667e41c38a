namespace Ambient.Ztunnel.Dns.Naming;

/// <summary>How a client in one namespace abbreviates names: what we append to a short name and remove from a searched one.</summary>
internal sealed class ClientNames
{
    private readonly string[] _oneLabel, _twoLabels, _threeLabels, _threeLabelsService, _fourLabelsService;
    private readonly string[] _searchSuffixes;

    /// <param name="clientNamespace">The namespace of the pod that asks.</param>
    /// <param name="clusterDomain">For example "cluster.local": lower case, no trailing dot.</param>
    /// <param name="search">The client's search list; null takes the one that Kubernetes gives to pods.</param>
    public ClientNames(string clientNamespace, string clusterDomain, IReadOnlyList<string>? search = null)
    {
        var (inDomain, inServices, inNamespace) = ($".{clusterDomain}", $".svc.{clusterDomain}", $".{clientNamespace}.svc.{clusterDomain}");
        (_oneLabel, _twoLabels) = ([inNamespace], [inServices, inNamespace]);
        (_threeLabels, _threeLabelsService, _fourLabelsService) = ([inServices], [inDomain, inServices], [inDomain]);
        _searchSuffixes = search is null ? [inNamespace, inServices, inDomain] : [.. search.Select(domain => $".{domain}")];
        Namespace = clientNamespace;
        LongestSuffix = inNamespace.Length;
    }

    public string Namespace { get; }

    /// <summary>Characters that an expansion can add.</summary>
    public int LongestSuffix { get; }

    /// <summary>The search domains in order, each with a leading dot.</summary>
    public ReadOnlySpan<string> SearchSuffixes => _searchSuffixes;

    /// <summary>What makes a short name of Kubernetes a full one, in order of preference; empty if <paramref name="name"/> is none.</summary>
    public ReadOnlySpan<string> ExpansionsOf(ReadOnlySpan<char> name)
    {
        var endsInService = name.EndsWith(".svc");
        return name.Count('.') switch
        {
            0 => _oneLabel,
            1 => _twoLabels,
            2 => endsInService ? _threeLabelsService : _threeLabels,
            3 when endsInService => _fourLabelsService,
            _ => [],
        };
    }
}
