using Ambient.Kubernetes.Resources;

namespace Ambient.TestKit.Cluster;

/// <summary>Kubernetes objects in few words. What a test does not mention is what an ordinary object has.</summary>
/// <remarks>Names are short; a name of another namespace is written <c>namespace/name</c>. Labels are <c>key=value</c>, blank-separated.</remarks>
public static class Objects
{
    public const string DefaultNamespace = "default";

    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static ObjectMeta Meta(string name, string labels = "", string annotations = "", int age = 0)
    {
        var (ns, shortName) = Split(name);
        return new()
        {
            Name = shortName,
            Namespace = ns,
            Uid = $"uid-{ns}-{shortName}",
            Generation = 1,
            Labels = Labels(labels),
            Annotations = Labels(annotations),
            CreationTimestamp = Epoch.AddMinutes(-age),
        };
    }

    /// <summary>A ready pod of the mesh.</summary>
    /// <param name="ips">Blank-separated.</param>
    /// <param name="ports">Container ports, each <c>name:number</c>.</param>
    public static Pod Pod(string name, string ips = "10.0.0.1", string labels = "", string account = "default", string node = "",
        string ports = "", string annotations = "ambient.istio.io/redirection=enabled") => new()
    {
        Metadata = Meta(name, labels, annotations),
        Spec = new()
        {
            ServiceAccountName = account,
            NodeName = node,
            Containers = [new() { Ports = [.. Words(ports).Select(static port => new ContainerPort { Name = port.Split(':')[0], Port = int.Parse(port.Split(':')[1]) })] }],
        },
        Status = new()
        {
            Phase = "Running",
            PodIPs = [.. Words(ips).Select(static ip => new PodIP { Ip = ip })],
            Conditions = [new() { Type = "Ready", Status = "True" }],
        },
    };

    /// <param name="ports">Each <c>port</c>, <c>port:target</c> or <c>name:port:target</c>; a target may be a name.</param>
    /// <param name="vips">Blank-separated; <c>None</c> for a headless service.</param>
    public static Service Service(string name, string selector = "", string ports = "80:8080", string vips = "10.96.0.1", string labels = "",
        string annotations = "") => new()
    {
        Metadata = Meta(name, labels, annotations),
        Spec = new() { Selector = Labels(selector), ClusterIPs = Words(vips), Ports = [.. Words(ports).Select(ServicePort)] },
    };

    public static Namespace Namespace(string name, string labels = "", string annotations = "") => new()
    {
        Metadata = new() { Name = name, Labels = Labels(labels), Annotations = Labels(annotations), CreationTimestamp = Epoch },
    };

    public static Node Node(string name, string labels = "") => new() { Metadata = new() { Name = name, Labels = Labels(labels) } };

    /// <summary>A waypoint that is ready.</summary>
    /// <param name="address">A host name or an IP; empty while it has none.</param>
    /// <param name="from">Whose objects may use it: <c>Same</c>, <c>All</c> or <c>Selector</c>.</param>
    public static Gateway Waypoint(string name, string address = "", string @for = "", string? from = null, bool ready = true, string annotations = "",
        LabelSelector? selector = null)
    {
        var (ns, shortName) = Split(name);
        var host = address.Length > 0 ? address : $"{shortName}.{ns}.svc.cluster.local";
        return new()
        {
            Metadata = Meta(name, @for.Length > 0 ? $"istio.io/waypoint-for={@for}" : "", annotations),
            Spec = new()
            {
                GatewayClassName = "istio-waypoint",
                Listeners =
                [
                    new()
                    {
                        Name = "mesh", Port = 15008, Protocol = "HBONE",
                        AllowedRoutes = from is null ? null : new() { Namespaces = new() { From = from, Selector = selector } },
                    },
                ],
            },
            Status = new()
            {
                Addresses = !ready ? [] : [new() { Type = char.IsAsciiDigit(host[0]) ? "IPAddress" : "Hostname", Value = host }],
            },
        };
    }

    public static GatewayClass GatewayClass(string name, string controller = "istio.io/mesh-controller", string labels = "", string annotations = "") => new()
    {
        Metadata = new() { Name = name, Labels = Labels(labels), Annotations = Labels(annotations) },
        Spec = new() { ControllerName = controller },
    };

    /// <param name="hosts">Blank-separated.</param>
    /// <param name="ports">As for a Service.</param>
    public static ServiceEntry ServiceEntry(string name, string hosts, string resolution = "STATIC", string addresses = "", string ports = "80",
        string selector = "", string labels = "", string annotations = "", int age = 0, params WorkloadEntrySpec[] endpoints) => new()
    {
        Metadata = Meta(name, labels, annotations, age),
        Spec = new()
        {
            Hosts = Words(hosts),
            Addresses = Words(addresses),
            Resolution = resolution,
            Ports = [.. Words(ports).Select(ServicePort).Select(static port =>
                new ServiceEntryPort { Name = port.Name, Number = port.Port, TargetPort = port.TargetPort?.Number })],
            WorkloadSelector = selector.Length > 0 ? new() { Labels = Labels(selector) } : null,
            Endpoints = endpoints.Length > 0 ? endpoints : null,
        },
    };

    public static WorkloadEntry WorkloadEntry(string name, string address, string labels = "", string account = "", string network = "",
        string annotations = "", IReadOnlyDictionary<string, long>? ports = null) => new()
    {
        Metadata = Meta(name, labels, annotations),
        Spec = new() { Address = address, ServiceAccount = account, Network = network, Ports = ports },
    };

    /// <param name="endpoints">Each an address, or <c>pod:NAME:UID</c>.</param>
    public static EndpointSlice Slice(string name, string service, string endpoints, string ports = ":8080", string addressType = "IPv4") => new()
    {
        Metadata = Meta(name, $"kubernetes.io/service-name={service}"),
        AddressType = addressType,
        Endpoints = [.. Words(endpoints).Select(static text => text.StartsWith("pod:", StringComparison.Ordinal)
            ? new SliceEndpoint { Addresses = ["10.9.9.9"], TargetRef = new() { Kind = "Pod", Name = text.Split(':')[1], Uid = text.Split(':')[2] } }
            : new SliceEndpoint { Addresses = [text] })],
        Ports = [.. Words(ports).Select(static port => new SlicePort { Name = port.Split(':')[0], Port = int.Parse(port.Split(':')[1]) })],
    };

    /// <param name="action">Null for the default.</param>
    public static AuthorizationPolicy Policy(string name, string? action = "ALLOW", string selector = "", string annotations = "", params AuthorizationRule?[] rules) => new()
    {
        Metadata = Meta(name, "", annotations),
        Spec = new()
        {
            Action = action,
            Selector = selector.Length > 0 ? new() { MatchLabels = Labels(selector) } : null,
            Rules = rules.Length > 0 ? [.. rules!] : null,
        },
    };

    /// <param name="targets">Each <c>group:Kind:name</c>.</param>
    public static AuthorizationPolicy PolicyOn(string name, params string[] targets) => new()
    {
        Metadata = Meta(name),
        Spec = new()
        {
            TargetRefs = [.. targets.Select(static target => target.Split(':')).Select(static parts =>
                new PolicyTargetReference { Group = parts[0], Kind = parts[1], Name = parts[2] })],
        },
    };

    public static AuthorizationRule From(RuleSource source) => new() { From = [new() { Source = source }] };

    public static AuthorizationRule To(RuleOperation operation) => new() { To = [new() { Operation = operation }] };

    public static AuthorizationRule When(string key, string values = "", string notValues = "") => new()
    {
        When = [new() { Key = key, Values = Words(values), NotValues = Words(notValues) }],
    };

    /// <param name="ports">Each <c>port=MODE</c>.</param>
    public static PeerAuthentication Peer(string name, string? mode, string selector = "", string ports = "", int age = 0) => new()
    {
        Metadata = Meta(name, age: age),
        Spec = new()
        {
            Selector = selector.Length > 0 ? new() { MatchLabels = Labels(selector) } : null,
            Mtls = mode is null ? null : new() { Mode = mode },
            PortLevelMtls = Labels(ports)?.ToDictionary(static port => port.Key, static port => new MutualTls { Mode = port.Value }),
        },
    };

    public static ConfigMap MeshConfig(string yaml) => new()
    {
        Metadata = Meta("istio-system/istio"),
        Data = new Dictionary<string, string> { ["mesh"] = yaml },
    };

    public static IReadOnlyDictionary<string, string>? Labels(string text) => text.Length == 0 ? null
        : Words(text).Select(static word => word.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);

    private static ServicePort ServicePort(string text)
    {
        var parts = text.Split(':');
        var (name, port, target) = parts.Length == 3 ? (parts[0], parts[1], parts[2]) : ("", parts[0], parts.Length == 2 ? parts[1] : "");
        return new()
        {
            Name = name,
            Port = int.Parse(port),
            TargetPort = target.Length == 0 ? null : int.TryParse(target, out var number) ? new(number) : new IntOrString(target),
        };
    }

    private static (string Namespace, string Name) Split(string name) =>
        name.Split('/') is [var ns, var shortName] ? (ns, shortName) : (DefaultNamespace, name);

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
