using System.Net;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit.Cluster;

namespace Ambient.TestKit.Reference;

/// <summary>Small random clusters, made of few names so that policies hit: pods, policies of all kinds, and connections between them.</summary>
/// <remarks>The same random numbers give the same cluster.</remarks>
public sealed class RandomPolicies(Random random)
{
    private static readonly string[] Namespaces = ["shop", "bank", "istio-system"];
    private static readonly string[] Accounts = ["web", "db", "default"];
    private static readonly string[] LabelSets = ["app=web", "app=db", "app=web tier=front", "tier=front"];
    private static readonly string[] Ports = ["80", "8080", "443", "9000"];
    private static readonly string[] Unreadable = ["", "abc", "70000", "10.0.0.300", "a*b", "spiffe://cluster.local/ns/shop/sa/web", "x/y/z"];

    public IReadOnlyList<Pod> Pods { get; private set; } = [];

    /// <summary>Pods and policies, in no order.</summary>
    public IReadOnlyList<KubernetesObject> Cluster()
    {
        Pods = [.. Enumerable.Range(0, 4).Select(index => Objects.Pod(
            $"{Pick(Namespaces)}/pod{index}", $"10.0.{index % 2}.{index + 1}", Pick(LabelSets), Pick(Accounts)))];
        var objects = new List<KubernetesObject>(Pods);
        for (var index = random.Next(5); index > 0; index--) objects.Add(Policy($"{Pick(Namespaces)}/policy{index}"));
        for (var index = random.Next(4); index > 0; index--) objects.Add(Peer($"{Pick(Namespaces)}/peer{index}"));
        KubernetesObject[] shuffled = [.. objects];
        random.Shuffle(shuffled);
        return shuffled;
    }

    public (Pod Destination, ReferenceConnection Connection) Connection()
    {
        var pod = Pick(Pods);
        var principal = Chance(4) ? null : $"{(Chance(10) ? "other.domain" : "cluster.local")}/ns/{Pick(Namespaces)}/sa/{Pick(Accounts)}";
        return (pod, new(principal, IPAddress.Parse($"10.0.{random.Next(2)}.{random.Next(1, 6)}"),
            IPAddress.Parse(pod.Status!.PodIPs![0].Ip), int.Parse(Pick(Ports))));
    }

    private AuthorizationPolicy Policy(string name)
    {
        var action = random.Next(12) switch { < 5 => "ALLOW", < 9 => "DENY", 9 => "AUDIT", 10 => "CUSTOM", _ => null };
        var rules = Enumerable.Range(0, random.Next(4)).Select(_ => Rule()).ToArray();
        var policy = Objects.Policy(name, action, Chance(2) ? Pick(LabelSets) : "", Chance(10) ? "istio.io/dry-run=true" : "", rules);
        return Chance(15) ? policy with { Spec = policy.Spec! with { TargetRefs = [new() { Kind = "Service", Name = "web" }] } } : policy;
    }

    private AuthorizationRule? Rule() => Chance(40) ? null : new()
    {
        From = Chance(2) ? [.. Some(() => Chance(20) ? new RuleFrom() : new RuleFrom { Source = Source() })] : null,
        To = Chance(2) ? [.. Some(() => Chance(20) ? new RuleTo() : new RuleTo { Operation = Operation() })] : null,
        When = Chance(4) ? [.. Some(Condition)] : null,
    };

    private RuleSource Source() => new()
    {
        Principals = Values(3, Principal),
        NotPrincipals = Values(8, Principal),
        Namespaces = Values(4, Namespace),
        NotNamespaces = Values(8, Namespace),
        ServiceAccounts = Values(6, Account),
        NotServiceAccounts = Values(10, Account),
        IpBlocks = Values(6, Range),
        NotIpBlocks = Values(10, Range),
        RequestPrincipals = Values(25, static () => "*"),
        RemoteIpBlocks = Values(25, Range),
    };

    private RuleOperation Operation() => new()
    {
        Ports = Values(2, () => Pick(Ports)),
        NotPorts = Values(5, () => Pick(Ports)),
        Methods = Values(8, static () => "GET"),
        Paths = Values(12, static () => "/admin*"),
    };

    private RuleCondition Condition()
    {
        var (key, value) = random.Next(7) switch
        {
            0 => ("source.ip", (Func<string>)Range),
            1 => ("source.namespace", Namespace),
            2 => ("source.principal", Principal),
            3 => ("destination.ip", Range),
            4 or 5 => ("destination.port", () => Pick(Ports)),
            _ => ("request.headers[x-token]", static () => "1"),
        };
        return new() { Key = key, Values = Values(2, value), NotValues = Values(3, value) };
    }

    private PeerAuthentication Peer(string name)
    {
        string[] modes = ["STRICT", "PERMISSIVE", "DISABLE", "UNSET"];
        var ports = string.Join(' ', Enumerable.Range(0, random.Next(3)).Select(_ => Chance(15) ? "0" : Pick(Ports)).Distinct()
            .Select(port => $"{port}={Pick(modes)}"));
        return Objects.Peer(name, Chance(6) ? null : Pick(modes), Chance(2) ? Pick(LabelSets) : "", ports, age: random.Next(3));
    }

    private string Principal() => random.Next(5) switch
    {
        0 => "*",
        1 => $"cluster.local/ns/{Pick(Namespaces)}/*",
        2 => $"*/sa/{Pick(Accounts)}",
        _ => $"cluster.local/ns/{Pick(Namespaces)}/sa/{Pick(Accounts)}",
    };

    private string Namespace() => Chance(5) ? "s*" : Chance(5) ? "*k" : Pick(Namespaces);

    private string Account() => Chance(2) ? Pick(Accounts) : $"{Pick(Namespaces)}/{Pick(Accounts)}";

    private string Range() => random.Next(4) switch
    {
        0 => $"10.0.{random.Next(2)}.0/24",
        1 => "10.0.0.0/8",
        2 => "fd00::/8",
        _ => $"10.0.{random.Next(2)}.{random.Next(1, 6)}",
    };

    /// <summary>Null unless one chance in <paramref name="oneIn"/> comes true; now and then with a value that cannot be read.</summary>
    private string[]? Values(int oneIn, Func<string> value) =>
        Chance(oneIn) ? [.. Some(() => Chance(25) ? Pick(Unreadable) : value())] : null;

    private IEnumerable<T> Some<T>(Func<T> make) => Enumerable.Range(0, random.Next(1, 3)).Select(_ => make());

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private T Pick<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];
}
