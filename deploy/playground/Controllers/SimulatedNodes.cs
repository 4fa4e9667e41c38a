using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Serving;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Controllers;

/// <summary>Nodes without machines: their pods get an address and are ready at once, jobs' pods succeed, ending pods end.</summary>
internal sealed class SimulatedNodes : Controller
{
    public const string Label = "playground.ambient/simulated";

    private readonly ResourceKind _pods;
    private readonly HashSet<string> _nodes;
    private readonly StatusWriter _writer;
    private readonly EventRecorder _events;
    private readonly IPNetwork _range;
    private BigInteger _lastAddress = 1;

    public SimulatedNodes(ObjectStore store, int count, IPNetwork range) : base(store)
    {
        _pods = Kind("", "Pod");
        _range = range;
        _writer = new(store, "kubelet");
        _events = new(store, "kubelet");
        _nodes = [.. Enumerable.Range(1, count).Select(i => $"node{i}")];
        foreach (var (i, name) in _nodes.Index()) store.Create(Node(name, i), new() { Owner = "kubelet" });
    }

    protected override IEnumerable<ResourceKind> Watched => [_pods];

    protected override IEnumerable<ObjectKey> Affected(StoredObject written) => [new(written.Namespace, written.Name)];

    protected override TimeSpan? Reconcile(ObjectKey key)
    {
        if (Store.Find(_pods, key.Namespace, key.Name) is not { } pod) return null;
        var document = pod.Copy();
        if (!_nodes.Contains(document.Text("spec", "nodeName") ?? "")) return null;
        if (pod.IsEnding) Store.Delete(_pods, pod.Namespace, pod.Name, new() { GracePeriodSeconds = 0, Uid = pod.Uid });
        else if (document.Text("status", "phase") == "Pending") Start(pod, document);
        return null;
    }

    private void Start(StoredObject pod, JsonObject document)
    {
        var ends = document.ObjectsAt("metadata", "ownerReferences").Any(owner => owner.Text("kind") == "Job");
        var (now, address) = (Store.Time.GetUtcNow(), NextAddress().ToString());
        Store.Update(_pods, pod.Namespace, pod.Name, found =>
        {
            var status = found.Child("status");
            status["phase"] = ends ? "Succeeded" : "Running";
            status["startTime"] = Timestamps.Write(now);
            status["podIP"] = address;
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address });
            status["hostIP"] = "192.0.2.1";
            status["containerStatuses"] = new JsonArray([.. found.ObjectsAt("spec", "containers").Select(container => (JsonNode)Container(container, ends, now))]);
            foreach (var type in (ReadOnlySpan<string>)["Initialized", "ContainersReady", "Ready"])
                PodActions.SetCondition(found, type, ends && type != "Initialized" ? "False" : "True", now, ends && type != "Initialized" ? "PodCompleted" : null);
            return found;
        }, new() { Owner = "kubelet", Subresource = "status" });
        _events.Record(pod, "Started", "Started container " + string.Join(", ", document.ObjectsAt("spec", "containers").Select(container => container.Text("name"))));
    }

    private static JsonObject Container(JsonObject container, bool ended, DateTimeOffset now)
    {
        var time = Timestamps.Text(now);
        return new()
        {
            ["name"] = container.Text("name"), ["image"] = container.Text("image"), ["imageID"] = "", ["ready"] = !ended, ["started"] = !ended, ["restartCount"] = 0,
            ["state"] = ended
                ? new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = 0, ["reason"] = "Completed", ["startedAt"] = time, ["finishedAt"] = time } }
                : new JsonObject { ["running"] = new JsonObject { ["startedAt"] = time } },
        };
    }

    private IPAddress NextAddress()
    {
        var size = BigInteger.One << (32 - _range.PrefixLength);
        _lastAddress = _lastAddress + 1 >= size - 1 ? 2 : _lastAddress + 1;
        var bytes = _range.BaseAddress.GetAddressBytes();
        var number = (new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + _lastAddress).ToByteArray(isUnsigned: true, isBigEndian: true);
        number.CopyTo(bytes, bytes.Length - number.Length);
        return new(bytes);
    }

    private JsonObject Node(string name, int index)
    {
        var now = Timestamps.Text(Store.Time.GetUtcNow());
        return new()
        {
            ["apiVersion"] = "v1", ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject
                {
                    ["kubernetes.io/hostname"] = name, ["kubernetes.io/os"] = "linux", [Label] = "true",
                    ["topology.kubernetes.io/region"] = "region1", ["topology.kubernetes.io/zone"] = $"zone{(index % 3 + 1).ToString(CultureInfo.InvariantCulture)}",
                },
            },
            ["status"] = new JsonObject
            {
                ["capacity"] = new JsonObject { ["cpu"] = "8", ["memory"] = "32Gi", ["pods"] = "1000" },
                ["allocatable"] = new JsonObject { ["cpu"] = "8", ["memory"] = "32Gi", ["pods"] = "1000" },
                ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = $"192.0.2.{(index % 250) + 2}" }, new JsonObject { ["type"] = "Hostname", ["address"] = name }),
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready", ["status"] = "True", ["reason"] = "KubeletReady", ["message"] = "simulated", ["lastHeartbeatTime"] = now, ["lastTransitionTime"] = now,
                }),
                ["nodeInfo"] = new JsonObject
                {
                    ["kubeletVersion"] = "v1.32.0-playground", ["osImage"] = "none", ["kernelVersion"] = "none", ["containerRuntimeVersion"] = "none", ["operatingSystem"] = "linux", ["architecture"] = "amd64",
                    ["machineID"] = "", ["systemUUID"] = "", ["bootID"] = "", ["kubeProxyVersion"] = "",
                },
            },
        };
    }
}
