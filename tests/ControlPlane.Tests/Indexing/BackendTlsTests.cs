using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Traffic;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What a BackendTLSPolicy becomes, and what its status says.</summary>
public sealed class BackendTlsTests
{
    private const string Sound = "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs";
    private static readonly string Ours = AuthorityOf("ours"), Theirs = AuthorityOf("theirs");

    private static IndexedMesh Mesh(params KubernetesObject[] objects) => new(
        [Objects.Namespace("default", "istio.io/use-waypoint=wp"), Objects.Waypoint("wp"), Objects.Service("web", "app=web", "http:80:8080 secure:443:8443"), Map("ca", Ours), .. objects]);

    private static BackendTlsPolicy Policy(
        string validation = "hostname: a.example.com, caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]", string target = "name: web", string name = "p", int age = 0, string more = "") =>
        Written.Object(ResourceTypes.BackendTlsPolicy, name, $"{{targetRefs: [{{group: '', kind: Service, {target}}}], validation: {{{validation}}}{more}}}", age: age);

    private static ConfigMap Map(string name, string? text, string key = "ca.crt") => new()
    {
        Metadata = Objects.Meta(name), Data = text is null ? null : new Dictionary<string, string> { [key] = text },
    };

    private static BackendTls Of(IndexedMesh mesh, string name = "p") => mesh.FindTraffic($"BackendTLSPolicy/{name}")!.Tls!;

    private static BackendTls? InForce(IndexedMesh mesh, ushort port = 80) => mesh.Traffic.Current.TlsOf(IndexedMesh.Key("web"), port);

    private static IReadOnlyList<ParentConditions> Entries(IndexedMesh mesh, string name = "p") =>
        mesh.Index.DesiredConditions.Single(set => set.Kind.Kind == "BackendTLSPolicy" && set.Object.Name == name).Parents!;

    private static string Told(IndexedMesh mesh, string name = "p") => string.Join(' ', Entries(mesh, name)[0].Conditions.Select(static one => $"{one.Type}={one.Status}/{one.Reason}"));

    private static string Message(IndexedMesh mesh, string name = "p") => Entries(mesh, name)[0].Conditions[0].Message!;

    [Fact]
    public void The_authorities_go_along_and_nothing_else_of_their_text()
    {
        var mesh = Mesh(Policy(), Map("ca", $"# ours\n{Ours}\n# theirs\n{Theirs}"));

        var policy = Of(mesh);
        Assert.Equal([new(IndexedMesh.Key("web"), 0)], policy.Targets);
        Assert.Equal(new ServerTls { ServerName = "a.example.com", Roots = Ours + Theirs }, policy.Tls);
        Assert.Equal("", policy.Unusable);
        Assert.Equal(Sound, Told(mesh));
        var ancestor = Assert.Single(Entries(mesh)).Reference;
        Assert.Equal(("gateway.networking.k8s.io", "Gateway", "default", "wp"), (ancestor.Group, ancestor.Kind, ancestor.Namespace, ancestor.Name));
        Assert.All(Entries(mesh)[0].Conditions, static condition => Assert.Equal(1, condition.ObservedGeneration));
    }

    [Fact]
    public void Names_of_certificates_may_be_others_than_the_one_that_is_asked_for() => Assert.Equal(
        new ServerTls { ServerName = "a.example.com", Names = ["*.example.org", "spiffe://x/y"] },
        Of(Mesh(Policy("hostname: a.example.com, wellKnownCACertificates: System, subjectAltNames: [{type: Hostname, hostname: '*.example.org'}, {type: URI, uri: 'spiffe://x/y'}]"))).Tls);

    [Theory]
    [InlineData("wellKnownCACertificates: System", "hostname")]
    [InlineData("hostname: '*.example.com', wellKnownCACertificates: System", "hostname")]
    [InlineData("hostname: 'a b', wellKnownCACertificates: System", "hostname")]
    [InlineData("hostname: a", "names no authorities")]
    [InlineData("hostname: a, caCertificateRefs: []", "names no authorities")]
    [InlineData("hostname: a, wellKnownCACertificates: Other", "'Other' is not known")]
    [InlineData("hostname: a, wellKnownCACertificates: System, caCertificateRefs: [{kind: ConfigMap, name: ca}]", "exclude each other")]
    [InlineData("hostname: a, caCertificateRefs: [{}, {}, {}, {}, {}, {}, {}, {}, {}]", "at most 8")]
    [InlineData("hostname: a, wellKnownCACertificates: System, subjectAltNames: [{type: URI, uri: 'x:a'}, {type: URI, uri: 'x:b'}, {type: URI, uri: 'x:c'}, {type: URI, uri: 'x:d'}, {type: URI, uri: 'x:e'}, {type: URI, uri: 'x:f'}]", "at most 5")]
    [InlineData("hostname: a, wellKnownCACertificates: System, subjectAltNames: [{type: URI, hostname: a}]", "neither a Hostname nor a URI")]
    [InlineData("hostname: a, wellKnownCACertificates: System, subjectAltNames: [{type: Hostname, hostname: '*'}]", "neither a Hostname nor a URI")]
    [InlineData("hostname: a, wellKnownCACertificates: System, subjectAltNames: [{type: Other, uri: 'x:a'}]", "neither a Hostname nor a URI")]
    [InlineData("hostname: a, wellKnownCACertificates: System, unheard: 1", "cannot be read")]
    public void What_cannot_be_honoured_leaves_the_service_unreached(string validation, string why)
    {
        var mesh = Mesh(Policy(validation));

        Assert.Null(Of(mesh).Tls);
        Assert.Contains(why, Of(mesh).Unusable, StringComparison.Ordinal);
        Assert.StartsWith("Accepted=False/Invalid", Told(mesh), StringComparison.Ordinal);
        Assert.Contains(why, Message(mesh), StringComparison.Ordinal);
    }

    public static TheoryData<string?, string, string> BadMaps => new()
    {
        { null, "ca.crt", "has no key ca.crt" },
        { Ours, "other", "has no key ca.crt" },
        { "no certificate", "ca.crt", "has no certificate in PEM" },
        { Ours[..^40], "ca.crt", "cut off or damaged" },
        { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ca.crt", "no X.509 certificate" },
        { "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "ca.crt", "only CERTIFICATE belongs there" },
        { new string('#', (256 * 1024) + 1), "ca.crt", "at most 262144" },
    };

    [Theory, MemberData(nameof(BadMaps))]
    public void Without_an_authority_nothing_is_sent(string? text, string key, string why)
    {
        var mesh = Mesh(Policy(), Map("ca", text, key));

        Assert.Equal((null, "Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidCACertificateRef"), (Of(mesh).Tls, Told(mesh)));
        Assert.Contains(why, Of(mesh).Unusable, StringComparison.Ordinal);
        Assert.Contains(why, Message(mesh), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{group: '', kind: Secret, name: ca}", "Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidKind")]
    [InlineData("{group: other, kind: ConfigMap, name: ca}", "Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidKind")]
    [InlineData("{group: '', kind: ConfigMap, name: none}", "Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidCACertificateRef")]
    [InlineData("{group: '', kind: ConfigMap, name: none}, {group: '', kind: ConfigMap, name: ca}", "Accepted=True/Accepted ResolvedRefs=False/InvalidCACertificateRef")]
    public void A_reference_that_leads_nowhere_is_told_and_the_others_count(string references, string told)
    {
        var mesh = Mesh(Policy($"hostname: a, caCertificateRefs: [{references}]"));

        Assert.Equal(told, Told(mesh));
        Assert.Equal(told.StartsWith("Accepted=True", StringComparison.Ordinal) ? Ours : null, Of(mesh).Tls?.Roots);
    }

    [Fact]
    public void All_of_a_policys_authorities_together_have_a_limit()
    {
        var half = string.Concat(Enumerable.Repeat(Ours, 257));
        var mesh = Mesh(Map("one", half), Map("two", half), Policy("hostname: a, caCertificateRefs: [{kind: ConfigMap, name: one}, {kind: ConfigMap, name: two}]"));

        Assert.Equal("Accepted=True/Accepted ResolvedRefs=False/InvalidCACertificateRef", Told(mesh));
        Assert.Equal(half, Of(mesh).Tls!.Roots);
    }

    [Fact]
    public void A_map_is_followed_as_it_comes_changes_and_goes()
    {
        var mesh = Mesh(Policy("hostname: a, caCertificateRefs: [{kind: ConfigMap, name: later}]"));
        Assert.Null(Of(mesh).Tls);

        mesh.Set(Map("later", Ours));
        Assert.Equal(Ours, Of(mesh).Tls!.Roots);
        mesh.Set(Map("later", Theirs));
        Assert.Equal(Theirs, Of(mesh).Tls!.Roots);
        Assert.Empty(mesh.Set(Map("later", $"{Theirs}\n")).Traffic.Set);
        mesh.Remove(Map("later", null));
        Assert.NotEqual("", Of(mesh).Unusable);
    }

    [Fact]
    public void A_port_goes_before_the_whole_service_by_its_name()
    {
        var mesh = Mesh(Policy(), Policy(target: "name: web, sectionName: secure", name: "own"));

        Assert.Equal(("p", "own"), (InForce(mesh)!.Name, InForce(mesh, 443)!.Name));
        Assert.Equal((Sound, Sound), (Told(mesh), Told(mesh, "own")));

        mesh.Set(Objects.Service("web", "app=web", "http:80:8080 secure:8443:8443"));
        Assert.Equal(("p", "own"), (InForce(mesh, 443)!.Name, InForce(mesh, 8443)!.Name));

        mesh.Set(Objects.Service("web", "app=web", "http:80:8080"));
        Assert.StartsWith("Accepted=False/TargetNotFound", Told(mesh, "own"), StringComparison.Ordinal);
        Assert.Null(mesh.FindTraffic("BackendTLSPolicy/own"));
    }

    [Theory]
    [InlineData("name: web")]
    [InlineData("name: web, sectionName: http")]
    public void Of_two_for_the_same_the_older_is_in_force_and_then_the_first_by_name(string target)
    {
        var mesh = Mesh(Policy(target: target, name: "b", age: 1), Policy(target: target, name: "c"), Policy(target: target, name: "a"));
        Assert.Equal("b", InForce(mesh)!.Name);
        Assert.Equal((Sound, true, true), (Told(mesh, "b"), Told(mesh).StartsWith("Accepted=False/Conflicted", StringComparison.Ordinal), Message(mesh, "c").Contains("default/b", StringComparison.Ordinal)));

        mesh.Remove(Policy(name: "b"));
        Assert.Equal("a", InForce(mesh)!.Name);
        Assert.Equal(Sound, Told(mesh, "a"));
        Assert.StartsWith("Accepted=False/Conflicted ResolvedRefs=True", Told(mesh, "c"), StringComparison.Ordinal);

        string Told(IndexedMesh seen, string name = "a") => BackendTlsTests.Told(seen, name);
    }

    [Fact]
    public void One_that_is_broken_is_not_passed_over_for_a_younger_one()
    {
        var mesh = Mesh(Policy("hostname: a", name: "old", age: 1), Policy(name: "new"));

        Assert.Equal("old", InForce(mesh)!.Name);
        Assert.NotEqual("", InForce(mesh)!.Unusable);
    }

    [Theory]
    [InlineData("name: none", "TargetNotFound", "Service")]
    [InlineData("name: web, sectionName: none", "TargetNotFound", "Gateway")]
    [InlineData("name: bare", "AncestorNotBound", "Service")]
    public void Whom_it_is_for_is_told_where_that_is_not_there(string target, string reason, string ancestor)
    {
        var mesh = Mesh(Objects.Service("bare", "app=bare", labels: "istio.io/use-waypoint=none"), Policy(target: target));

        Assert.StartsWith($"Accepted=False/{reason}", Told(mesh), StringComparison.Ordinal);
        Assert.Equal(ancestor, Assert.Single(Entries(mesh)).Reference.Kind);
    }

    [Fact]
    public void It_is_for_services_and_entries_of_its_own_namespace_only()
    {
        var mesh = Mesh(Objects.ServiceEntry("partner", "a.example.com", ports: "https:443:443"), Written.Object(ResourceTypes.BackendTlsPolicy, "p", """
            {targetRefs: [{group: networking.istio.io, kind: ServiceEntry, name: partner, sectionName: https}, {group: apps, kind: Deployment, name: web}],
             validation: {hostname: a.example.com, wellKnownCACertificates: System}}
            """));

        Assert.Equal([new(new("default", "a.example.com"), 443)], Of(mesh).Targets);
        Assert.Equal(["Gateway", "Deployment"], Entries(mesh).Select(static entry => entry.Reference.Kind));
        Assert.Equal("Invalid", Entries(mesh)[1].Conditions[0].Reason);
    }

    [Fact]
    public void It_goes_before_the_tls_of_a_DestinationRule_which_is_told_there()
    {
        var mesh = Mesh(Written.Object(ResourceTypes.DestinationRule, "d", "{host: web, trafficPolicy: {tls: {mode: SIMPLE}}}"));
        Assert.Equal("Accepted", mesh.Condition("WaypointAccepted", "d")!.Reason);

        mesh.Set(Policy());
        Assert.Equal("UnsupportedValue", mesh.Condition("WaypointAccepted", "d")!.Reason);
        Assert.Contains("has a BackendTLSPolicy, which goes before", mesh.Condition("WaypointAccepted", "d")!.Message, StringComparison.Ordinal);

        mesh.Remove(Policy());
        Assert.Equal("Accepted", mesh.Condition("WaypointAccepted", "d")!.Reason);
    }

    [Fact]
    public void Options_for_others_are_left_out_and_told() =>
        Assert.Contains("are left out", Message(Mesh(Policy(more: ", options: {other.example/minimum: '1.3'}"))), StringComparison.Ordinal);

    [Fact]
    public void Entries_of_others_stay_and_count_towards_the_limit()
    {
        var others = Enumerable.Range(0, 16).Select(static n => $$"""{"ancestorRef":{"name":"g{{n}}","odd":[1]},"controllerName":"someone/else","conditions":[]}""").ToList();
        var full = Shown(Policy(), $"[{string.Join(',', others)}]");
        Assert.DoesNotContain(Mesh().Set(full).Conditions, static set => set.Parents is not null);

        var room = Shown(Policy(), $"[{string.Join(',', others[1..])}]");
        var mesh = Mesh();
        var wanted = mesh.Set(room).Conditions.Single(static set => set.Parents is not null);
        var written = JsonNode.Parse(ParentStatuses.Write(wanted, StatusEntries.Of(room)!, new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))!)!["status"]!["ancestors"]!.AsArray();

        Assert.Equal(others[1..], written.Take(15).Select(static entry => entry!.ToJsonString()));
        Assert.Equal(("wp", "ambient.mesh/waypoint-controller", "2030-01-01T00:00:00Z"),
            ((string?)written[15]!["ancestorRef"]!["name"], (string?)written[15]!["controllerName"], (string?)written[15]!["conditions"]![0]!["lastTransitionTime"]));
        Assert.DoesNotContain(mesh.Set(Shown(Policy(), written.ToJsonString())).Conditions, static set => set.Parents is not null);
    }

    private static BackendTlsPolicy Shown(BackendTlsPolicy policy, string ancestors) => policy with
    {
        Metadata = policy.Metadata with { ResourceVersion = "7" }, Status = new() { Ancestors = [.. JsonDocument.Parse(ancestors).RootElement.EnumerateArray()] },
    };

    private static string AuthorityOf(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(Objects.Epoch, Objects.Epoch.AddYears(10));
        return certificate.ExportCertificatePem() + "\n";
    }
}
