using System.Text.Json;
using Ambient.CniAgent.PodWatch;
using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.Tests.PodWatch;

public sealed class PodSelectionTests
{
    private static readonly PodSelection Selection = new(AgentOptions.Read(new Dictionary<string, string> { ["NODE_NAME"] = "n", ["KUBECONFIG"] = "/k" }).Cluster!);

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(null, "ambient", true)]
    [InlineData("ambient", null, true)]
    [InlineData("ambient", "none", true)]
    [InlineData("none", "ambient", false)]
    [InlineData("something", "ambient", true)] // only "none" opts out
    [InlineData("something", null, false)]
    [InlineData(null, "none", false)]
    public void The_pods_label_says_so_or_its_namespaces_does(string? own, string? of, bool expected) =>
        Assert.Equal(expected, Decide("shop", own, of).InMesh);

    [Theory]
    [InlineData("shop", """{"hostNetwork":true}""", "", true)]
    [InlineData("kube-system", "", "", true)]
    [InlineData("shop", "", "sidecar.istio.io/status", true)]
    [InlineData("istio-system", "", "", false)] // ztunnel itself: nobody has to be told
    public void What_cannot_be_in_the_mesh_is_not_and_says_so_if_it_asked(string ns, string spec, string annotation, bool says)
    {
        var asked = Decide(ns, "ambient", null, spec, annotation, app: ns == "istio-system" ? "ztunnel" : "web");

        Assert.Equal((false, says), (asked.InMesh, asked.Problem is not null));
    }

    [Fact]
    public void A_namespace_label_alone_is_no_request_of_pods_that_cannot_be()
    {
        Assert.Null(Decide("shop", null, "ambient", """{"hostNetwork":true}""").Problem);
        Assert.Null(Decide("kube-system", null, "ambient").Problem);
    }

    [Theory]
    [InlineData("blue", null, true)]
    [InlineData("green", null, false)]
    [InlineData("green", "ambient", true)]
    [InlineData("blue", "none", true)]
    public void Other_selectors_take_the_place_of_the_label(string app, string? of, bool expected)
    {
        var settings = new Dictionary<string, string>
        {
            ["NODE_NAME"] = "n", ["KUBECONFIG"] = "/k",
            ["AMBIENT_ENABLEMENT_SELECTOR"] = """
                - podSelector: {matchLabels: {app: blue}}
                - namespaceSelector: {matchExpressions: [{key: istio.io/dataplane-mode, operator: In, values: [ambient]}]}
                """,
        };
        var selection = new PodSelection(AgentOptions.Read(settings).Cluster!);

        Assert.Equal(expected, Decide("shop", own: null, of, app: app, selection: selection).InMesh);
        Assert.True(selection.ReadsOfPod("app"));
        Assert.True(selection.ReadsOfNamespace("istio.io/dataplane-mode"));
        Assert.False(selection.ReadsOfNamespace("app"));
    }

    [Theory]
    [InlineData("x", "not a list")]
    [InlineData("[]", "not a list")]
    [InlineData("[x]", "no pair")]
    [InlineData("[{podselector: {}}]", "no pair")]
    [InlineData("[{podSelector: {matchExpressions: [{key: a, operator: Like}]}}]", "operator")]
    [InlineData("[{podSelector: [a]}]", "label selector")]
    public void Selectors_that_cannot_be_read_are_a_mistake_that_is_named(string text, string expected)
    {
        var settings = new Dictionary<string, string> { ["NODE_NAME"] = "n", ["KUBECONFIG"] = "/k", ["AMBIENT_ENABLEMENT_SELECTOR"] = text };

        var refused = Assert.ThrowsAny<Exception>(() => AgentOptions.Read(settings));

        Assert.Contains("AMBIENT_ENABLEMENT_SELECTOR", refused.Message);
        Assert.Contains(expected, refused.Message);
    }

    private static PodDecision Decide(string ns, string? own, string? of, string spec = "", string annotation = "", string app = "web", PodSelection? selection = null)
    {
        var labels = own is null ? $"\"app\":\"{app}\"" : $"\"app\":\"{app}\",\"istio.io/dataplane-mode\":\"{own}\"";
        var annotations = annotation.Length > 0 ? $"\"{annotation}\":\"x\"" : "";
        var pod = JsonSerializer.Deserialize($$"""
            {"metadata": {"name": "p", "namespace": "{{ns}}", "labels": { {{labels}} }, "annotations": { {{annotations}} } },
             "spec": {{(spec.Length > 0 ? spec : "{}")}} }
            """, KubernetesJson.Default.Pod)!;
        return (selection ?? Selection).Decide(pod, of is null ? null : new Dictionary<string, string> { ["istio.io/dataplane-mode"] = of });
    }
}
