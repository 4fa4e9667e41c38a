using Ambient.Kubernetes.Resources;
using Ambient.Model.Telemetry;
using Ambient.Model.Workloads;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What a Telemetry and the mesh's configuration become.</summary>
public sealed class TelemetryTests
{
    private const string Providers = "extensionProviders:\n- name: otel\n  opentelemetry: {service: collector.default.svc.cluster.local, port: 4317}\n- name: web\n  opentelemetry: {service: default/collector.default.svc.cluster.local, port: 4318, http: {path: /v1/traces}}\n- name: old\n  zipkin: {service: x, port: 9411}\n";
    private static readonly ServiceKey Collector = IndexedMesh.Key("collector");

    private static IndexedMesh Mesh(string config, params KubernetesObject[] objects) => new(
        [Objects.MeshConfig(config), Objects.Namespace("default", "istio.io/use-waypoint=wp"), Objects.Waypoint("wp"), Objects.Service("web", "app=web"), Objects.Service("collector", "app=otel", "grpc:4317:4317"), .. objects]);

    private static IndexedMesh Mesh(params KubernetesObject[] objects) => Mesh(Providers, objects);

    private static Telemetry Told(string spec, string name = "t", int age = 0) => Written.Object(ResourceTypes.Telemetry, name, $"{{{spec}}}", age: age);

    private static TelemetryPolicy Of(string spec, string name = "t") => Mesh(Told(spec, name)).FindTraffic($"Telemetry/{name}")!.Telemetry!;

    private static (string? Status, string? Reason, string? Message) Status(IndexedMesh mesh, string name = "t") =>
        mesh.Condition("WaypointAccepted", name) is { } found ? (found.Status, found.Reason, found.Message) : default;

    private static string Refused(string spec) => Status(Mesh(Told(spec))) is { Status: "True", Reason: "UnsupportedValue", Message: { } message } ? message : throw new Xunit.Sdk.XunitException($"'{spec}' was honoured.");

    [Fact]
    public void Tracing_is_as_written()
    {
        var policy = Of("tracing: [{providers: [{name: otel}], randomSamplingPercentage: 12.5, disableSpanReporting: false, enableIstioTags: false, customTags: {b: {literal: {value: text}}, a: {header: {name: X-Team, defaultValue: none}}}}]");
        Assert.Equal(new TracingSettings { Collector = new(Collector, 4317), Percent = 12.5, IsSilent = false, TellsWorkloads = false, Tags = [new("a", "x-team", "none"), new("b", "", "text")] }, policy.Tracing);
        Assert.Equal(new TraceCollector(Collector, 4318, "/v1/traces"), Of("tracing: [{providers: [{name: web}]}]").Tracing!.Collector);
    }

    [Theory]
    [InlineData("", "t", TelemetryScope.Namespace)]
    [InlineData("", "istio-system/t", TelemetryScope.Mesh)]
    [InlineData("targetRefs: [{kind: Service, name: web}, {group: gateway.networking.k8s.io, kind: Gateway, name: wp}]", "t", TelemetryScope.Target)]
    public void It_is_for_the_mesh_a_namespace_or_its_targets(string spec, string name, TelemetryScope scope)
    {
        var policy = Of(spec, name);
        Assert.Equal(scope, policy.Scope);
        if (scope == TelemetryScope.Target) Assert.Equal((IndexedMesh.Key("web"), "default/wp"), (policy.Services.Single(), policy.Gateways.Single()));
        Assert.Equal(("True", "Accepted"), (Status(Mesh(Told(spec, name)), name).Status, Status(Mesh(Told(spec, name)), name).Reason));
    }

    [Fact]
    public void What_is_too_much_is_told()
    {
        Assert.Contains("customTags: 65 tags", Refused($"tracing: [{{customTags: {{{string.Join(", ", Enumerable.Range(0, 65).Select(static n => $"t{n}: {{literal: {{value: a}}}}"))}}}}}]"), StringComparison.Ordinal);
        Assert.Contains("metrics.overrides: more than 64", Refused($"metrics: [{{overrides: [{string.Join(", ", Enumerable.Repeat("{disabled: true}", 65))}]}}]"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_configuration_says_what_holds_where_nobody_says_anything()
    {
        var policy = Mesh($"{Providers}defaultProviders: {{tracing: [otel]}}\ndefaultConfig: {{tracing: {{sampling: 100}}}}\naccessLogFile: /dev/stdout\naccessLogEncoding: JSON").FindTraffic("MeshConfig/istio-system/istio")!.Telemetry!;
        Assert.Equal((TelemetryScope.MeshDefault, new TracingSettings { Collector = new(Collector, 4317), Percent = 100 }, new AccessLogSettings { IsOff = false, IsJson = true }), (policy.Scope, policy.Tracing, policy.AccessLog));
        Assert.Null(Mesh().FindTraffic("MeshConfig/istio-system/istio"));
    }

    [Fact]
    public void Logs_and_metrics_are_as_written()
    {
        var policy = Of("accessLogging: [{providers: [{name: envoy}], filter: {expression: 'response.code > 399'}}], metrics: [{providers: [{name: prometheus}], overrides: ["
            + "{disabled: true}, {match: {metric: REQUEST_COUNT, mode: SERVER}, tagOverrides: {source_principal: {operation: REMOVE}, reporter: {value: '\"us\"'}}}]}]");
        Assert.Equal(new AccessLogSettings { IsOff = false, LeastStatus = 400 }, policy.AccessLog);
        Assert.Equal([new(Metrics.All, true, []), new(Metrics.RequestCount, null, [new("reporter", "us"), new("source_principal", null)])], policy.Metrics);
    }

    [Theory]
    [InlineData("tracing: [{providers: [{name: nobody}]}]", "no provider 'nobody'")]
    [InlineData("tracing: [{providers: [{name: old}]}]", "'zipkin'")]
    [InlineData("tracing: [{randomSamplingPercentage: 101}]", "101 is none")]
    [InlineData("tracing: [{disableContextPropagation: true}]", "disableContextPropagation")]
    [InlineData("tracing: [{useRequestIdForTraceSampling: true}]", "useRequestIdForTraceSampling")]
    [InlineData("tracing: [{match: {mode: CLIENT}}]", "CLIENT")]
    [InlineData("tracing: [{}, {}]", "2 entries")]
    [InlineData("tracing: [{customTags: {a: {environment: {name: HOME}}}}]", "customTags[a]")]
    [InlineData("tracing: [{customTags: {a: {header: {name: 'no name'}}}}]", "customTags[a]")]
    [InlineData("accessLogging: [{filter: {expression: 'has(x)'}}]", "'has(x)' is not understood")]
    [InlineData("accessLogging: [{providers: [{name: loki}]}]", "'loki'")]
    [InlineData("metrics: [{overrides: [{match: {customMetric: mine}}]}]", "'mine' is no metric")]
    [InlineData("metrics: [{overrides: [{tagOverrides: {mine: {value: '\"x\"'}}}]}]", "no such label")]
    [InlineData("metrics: [{overrides: [{tagOverrides: {reporter: {value: request.host}}}]}]", "in quotes")]
    [InlineData("metrics: [{reportingInterval: 5s}]", "reportingInterval")]
    public void What_is_not_honoured_stands_in_its_status(string spec, string told) => Assert.Contains(told, Refused(spec), StringComparison.Ordinal);

    [Fact]
    public void Spans_for_a_provider_that_cannot_have_them_go_to_nobody() =>
        Assert.Equal((true, null), (Of("tracing: [{providers: [{name: nobody}]}]").Tracing!.IsSilent, Of("tracing: [{providers: [{name: nobody}]}]").Tracing!.Collector));

    [Fact]
    public void A_collector_may_come_later()
    {
        var mesh = Mesh(Told("tracing: [{providers: [{name: otel}]}]"));
        mesh.Remove(Objects.Service("collector", "app=otel", "grpc:4317:4317"));
        Assert.True(mesh.FindTraffic("Telemetry/t")!.Telemetry!.Tracing!.IsSilent);
        Assert.Contains("knows no service", Status(mesh).Message, StringComparison.Ordinal);
        mesh.Set(Objects.Service("collector", "app=otel", "grpc:4317:4317"));
        Assert.Equal(Collector, mesh.FindTraffic("Telemetry/t")!.Telemetry!.Tracing!.Collector!.Service);
        Assert.Equal("Accepted", Status(mesh).Reason);
    }

    [Theory]
    [InlineData("unheard: 1", "cannot be read")]
    [InlineData("tracing: 5", "cannot be read")]
    [InlineData("selector: {matchLabels: {app: web}}", "targetRefs")]
    [InlineData("targetRefs: [{kind: Service, name: gone}]", "does not exist")]
    public void Without_effect_its_status_says_why(string spec, string told)
    {
        var mesh = Mesh(Told(spec));
        Assert.Equal("False", Status(mesh).Status);
        Assert.Contains(told, Status(mesh).Message, StringComparison.Ordinal);
        if (!spec.Contains("gone", StringComparison.Ordinal)) Assert.Null(mesh.FindTraffic("Telemetry/t")); // who comes later finds it there
    }

    [Fact]
    public void Of_two_for_a_namespace_the_older_is_heard()
    {
        var mesh = Mesh(Told("tracing: [{}]", "young", age: 1), Told("tracing: [{}]", "old", age: 2));
        Assert.Equal((true, false), (mesh.FindTraffic("Telemetry/old") is not null, mesh.FindTraffic("Telemetry/young") is not null));
        Assert.Equal("Conflicted", Status(mesh, "young").Reason);
        mesh.Remove(Told("", "old"));
        Assert.NotNull(mesh.FindTraffic("Telemetry/young"));
    }

    [Theory]
    [InlineData("extensionProviders: [{opentelemetry: {service: a, port: 1}}]")]
    [InlineData("extensionProviders: [{name: a, opentelemetry: {port: 1}}]")]
    [InlineData("extensionProviders: [{name: a, opentelemetry: {service: a, port: 65536}}]")]
    [InlineData("extensionProviders: [{name: a, opentelemetry: {service: a, port: 1, http: {path: 'a b'}}}]")]
    [InlineData("defaultConfig: {tracing: {sampling: 101}}")]
    public void A_configuration_with_a_mistake_is_not_used(string config) => Assert.Contains(Mesh(config).Index.Diagnostics, static found => found.Field == "data.mesh");
}
