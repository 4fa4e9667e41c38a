using System.Text.Json;

namespace Ambient.CniPlugin.Tests;

public sealed class PluginTests
{
    [Fact]
    public void An_ordinary_pod_starts_once_the_agent_says_so_with_the_result_of_the_others_unchanged()
    {
        using var agent = new AgentStub();

        var (_, text, exit) = new Invocation { RunDirectory = agent.RunDirectory }.Run();

        Assert.Equal((Invocation.PreviousResult, 0), (text, exit));
        var request = Assert.Single(agent.Requests);
        Assert.StartsWith("POST /cmdadd HTTP/1.1\r\n", request);
        using var body = JsonDocument.Parse(request[request.IndexOf('{')..]);
        Assert.Equal("""
            {"Netns":"/proc/self/ns/mnt","PodName":"web-0","PodNamespace":"shop","PodUid":"uid-1","ContainerId":"sandbox-1","Interface":"eth0","IPs":[{"Interface":1,"Address":{"IP":"10.0.0.5","Mask":"////AA=="},"Gateway":"10.0.0.1"},{"Interface":null,"Address":{"IP":"fd00::5","Mask":"//////////8AAAAAAAAAAA=="},"Gateway":""}]}
            """, body.RootElement.GetRawText());
    }

    [Fact]
    public void Without_the_agent_an_ordinary_pod_does_not_start()
    {
        var (output, _, exit) = new Invocation().Run();

        Assert.Equal((1, 11), (exit, output.GetProperty("code").GetInt32()));
        Assert.Equal("1.1.0", output.GetProperty("cniVersion").GetString());
        Assert.Contains("/nowhere/pluginevent.sock: there is no such socket", output.GetProperty("details").GetString());
    }

    [Theory]
    [InlineData("K8S_POD_NAMESPACE=istio-system;K8S_POD_NAME=ztunnel-x")] // the default of system_namespace
    [InlineData("K8S_POD_NAMESPACE=mesh-agents;K8S_POD_NAME=istio-cni-node-x")]
    [InlineData("K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns")]
    [InlineData("")] // no pod at all
    [InlineData("IgnoreUnknown=true;FOO=bar")]
    public void What_the_agent_may_depend_on_starts_without_it(string arguments)
    {
        var (_, text, exit) = new Invocation().With("CNI_ARGS", arguments).Run();

        Assert.Equal((Invocation.PreviousResult, 0), (text, exit));
    }

    [Fact]
    public void A_pod_with_the_nodes_own_network_starts_without_the_agent()
    {
        var (_, _, exit) = new Invocation().With("CNI_NETNS", "/proc/self/ns/net").Run();

        Assert.Equal(0, exit);
    }

    [Theory]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\nnot ready", 11, "not ready")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\n\r\nno such pod", 100, "no such pod")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\nwrong", 100, "wrong")]
    [InlineData("", 11, "without an answer")]
    [InlineData("what", 11, "not HTTP")]
    public void What_the_agent_says_reaches_the_runtime(string answer, int code, string details)
    {
        using var agent = new AgentStub(answer);

        var (output, _, exit) = new Invocation { RunDirectory = agent.RunDirectory }.Run();

        Assert.Equal((1, code), (exit, output.GetProperty("code").GetInt32()));
        Assert.Contains(details, output.GetProperty("details").GetString());
    }

    [Fact]
    public void An_agent_that_never_answers_is_given_up_on()
    {
        using var agent = new AgentStub(answer: null);

        var (output, _, exit) = new Invocation { RunDirectory = agent.RunDirectory }.With("CNI_COMMAND", "CHECK").Run();

        Assert.Equal((1, 11), (exit, output.GetProperty("code").GetInt32()));
        Assert.Contains("did not answer within 6 s", output.GetProperty("details").GetString());
    }

    [Fact]
    public void An_endless_answer_is_refused()
    {
        using var agent = new AgentStub("HTTP/1.1 200 OK\r\n\r\n" + new string('x', 100_000));

        var (output, _, exit) = new Invocation { RunDirectory = agent.RunDirectory }.Run();

        Assert.Equal(1, exit);
        Assert.Contains("more than 65536 bytes", output.GetProperty("details").GetString());
    }

    [Fact]
    public void Del_tells_the_agent_and_succeeds_also_without_it_and_without_namespace()
    {
        using var agent = new AgentStub();
        var told = new Invocation { RunDirectory = agent.RunDirectory }.With("CNI_COMMAND", "DEL").With("CNI_NETNS", "");
        var alone = new Invocation().With("CNI_COMMAND", "DEL");

        Assert.Equal(("", 0), (told.Run().Text, told.Run().ExitCode));
        Assert.Equal(("", 0), (alone.Run().Text, alone.Run().ExitCode));
        Assert.All(agent.Requests, request => Assert.StartsWith("POST /cmddel ", request));
        Assert.Contains("there is no such socket", alone.Warnings[0]);
    }

    // A kubelet that is told that the network is not ready starts pods of the node's own network alone: never the agent's, for which it would wait.
    [Fact]
    public void The_network_is_ready_also_while_no_agent_runs()
    {
        var (_, text, exit) = new Invocation().With("CNI_COMMAND", "STATUS").Run();

        Assert.Equal(("", 0), (text, exit));
    }

    // Pods from before the plugin was chained end with it, whatever the others of the chain had made of them.
    [Fact]
    public void A_pod_ends_whatever_the_result_of_the_others_looks_like()
    {
        var (_, text, exit) = new Invocation { More = "\"prevResult\":{\"ips\":[{\"address\":\"<nil>\"}]}," }.With("CNI_COMMAND", "DEL").Run();

        Assert.Equal(("", 0), (text, exit));
    }

    [Fact]
    public void Check_and_Gc_ask_the_agent()
    {
        using var agent = new AgentStub();

        foreach (var command in new[] { "CHECK", "GC" })
        {
            var call = new Invocation
            {
                RunDirectory = agent.RunDirectory,
                More = """
                    "cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0"},{"containerID":"b","ifname":"eth0"}],
                    """,
            };
            Assert.Equal(("", 0), (call.With("CNI_COMMAND", command).Run().Text, call.Run().ExitCode));
        }

        Assert.Equal(["POST /cmdcheck", "POST /cmdgc"], agent.Requests.Select(request => request[..request.IndexOf(" HTTP", StringComparison.Ordinal)]).Distinct());
        Assert.EndsWith("""{"ValidContainers":["a","b"]}""", agent.Requests[^1]);
    }

    [Theory]
    [InlineData("0.3.1", "CHECK", 1)]
    [InlineData("1.0.0", "GC", 1)]
    [InlineData("1.0.0", "STATUS", 1)]
    [InlineData("2.0.0", "DEL", 1)]
    [InlineData("0.3.0", "CHECK", 1)]
    [InlineData("", "ADD", 0)] // as runtimes hand over a list that names no version
    [InlineData("0.2.0", "ADD", 0)]
    [InlineData("0.3.0", "ADD", 0)]
    [InlineData("0.3.0", "DEL", 0)]
    [InlineData("0.3.1", "ADD", 0)]
    [InlineData("0.4.0", "CHECK", 0)]
    public void Commands_belong_to_versions(string version, string command, int exit)
    {
        using var agent = new AgentStub();

        var (output, _, found) = new Invocation { RunDirectory = agent.RunDirectory, Version = version }.With("CNI_COMMAND", command).Run();

        Assert.Equal(exit, found);
        if (exit != 0)
            Assert.Equal(1, output.GetProperty("code").GetInt32());
    }

    [Theory]
    [InlineData("1.0.0", "1.0.0")]
    [InlineData("9.9.9", "1.1.0")]
    public void Versions_are_told(string asked, string answered)
    {
        var (output, _, exit) = new Invocation { Version = asked, More = "" }.With("CNI_COMMAND", "VERSION").Run();

        Assert.Equal((0, answered), (exit, output.GetProperty("cniVersion").GetString()));
        Assert.Equal(["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"], output.GetProperty("supportedVersions").EnumerateArray().Select(version => version.GetString()));
    }

    [Fact]
    public void A_result_from_before_there_were_lists_of_addresses_is_understood()
    {
        const string Result = """{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.5/24","gateway":"10.0.0.1"},"ip6":{"ip":"fd00::5/64"}}""";
        using var agent = new AgentStub();

        var (_, text, exit) = new Invocation { RunDirectory = agent.RunDirectory, Version = "0.2.0", More = $"\"prevResult\":{Result}," }.Run();

        Assert.Equal((Result, 0), (text, exit));
        Assert.Contains("""
            "IPs":[{"Interface":null,"Address":{"IP":"10.0.0.5","Mask":"////AA=="},"Gateway":"10.0.0.1"},{"Interface":null,"Address":{"IP":"fd00::5","Mask":"//////////8AAAAAAAAAAA=="},"Gateway":""}]
            """, Assert.Single(agent.Requests));
    }

    [Fact]
    public void The_first_of_a_chain_has_an_empty_result()
    {
        var (_, text, exit) = new Invocation { More = "" }.With("CNI_ARGS", "").Run();

        Assert.Equal(("{\"cniVersion\":\"1.1.0\"}\n", 0), (text, exit));
    }

    [Theory]
    [InlineData("CNI_COMMAND", "", 4)]
    [InlineData("CNI_COMMAND", "EAT", 4)]
    [InlineData("CNI_CONTAINERID", "", 4)]
    [InlineData("CNI_CONTAINERID", "-x", 4)]
    [InlineData("CNI_CONTAINERID", "a/b", 4)]
    [InlineData("CNI_IFNAME", "..", 4)]
    [InlineData("CNI_IFNAME", "a:b", 4)]
    [InlineData("CNI_IFNAME", "sixteen-letters-", 4)]
    [InlineData("CNI_NETNS", "relative", 4)]
    [InlineData("CNI_NETNS", "/nowhere", 5)]
    [InlineData("CNI_ARGS", "K8S_POD_NAME", 4)]
    [InlineData("CNI_ARGS", "K8S_POD_NAMESPACE=../x;K8S_POD_NAME=y", 4)]
    public void What_the_runtime_says_is_checked(string name, string value, int code)
    {
        var (output, _, exit) = new Invocation().With(name, value).Run();

        Assert.Equal((1, code), (exit, output.GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("", 6)]
    [InlineData("[]", 6)]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"cni_agent_run_dir\":\"relative\"}", 7)]
    [InlineData("{\"cniVersion\":1}", 7)]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"exclude_namespaces\":[1]}", 7)]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"prevResult\":[]}", 7)]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"prevResult\":{\"ips\":[{\"address\":\"10.0.0.5\"}]}}", 7)]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"prevResult\":{\"ips\":[{\"address\":\"10.0.0.5/33\"}]}}", 7)]
    public void The_configuration_is_checked(string configuration, int code)
    {
        var (output, _, exit) = new Invocation().Run(configuration);

        Assert.Equal((1, code), (exit, output.GetProperty("code").GetInt32()));
        Assert.NotEmpty(output.GetProperty("msg").GetString()!);
    }

    [Fact]
    public void More_than_a_mebibyte_is_not_read()
    {
        var (output, _, _) = new Invocation().Run("{\"cniVersion\":\"1.0.0\",\"x\":\"" + new string('x', 1024 * 1024) + "\"}");

        Assert.Equal(6, output.GetProperty("code").GetInt32());
    }
}
