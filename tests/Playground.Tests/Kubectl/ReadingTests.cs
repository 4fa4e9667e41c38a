using System.Text.Json.Nodes;

namespace Ambient.Playground.Tests.Kubectl;

/// <summary>Everyday commands that look at a cluster.</summary>
public sealed class ReadingTests(KubectlLab lab) : IClassFixture<KubectlLab>
{
    [Fact]
    public async Task Get_namespaces_shows_those_of_a_new_cluster()
    {
        var output = await lab.RunAsync("get namespaces");

        Assert.Matches(@"^NAME +STATUS +AGE\n", output);
        Assert.Matches(@"\ndefault +Active +\d+m?\d*s", output);
        Assert.Contains("kube-system", output);
    }

    [Fact]
    public async Task Get_nodes_wide_shows_the_simulated_nodes()
    {
        var output = await lab.RunAsync("get nodes -o wide");

        Assert.Matches(@"node1 +Ready +<none> +\d+s +v1\.32\.0-playground +192\.0\.2\.2", output);
        Assert.Contains("CONTAINER-RUNTIME", output);
    }

    [Fact]
    public async Task Get_as_json_yaml_name_and_by_path_agree()
    {
        var ns = await WithConfigAsync();

        var json = JsonNode.Parse(await lab.RunAsync($"get configmap colours -n {ns} -o json"))!;
        var yaml = await lab.RunAsync($"get cm colours -n {ns} -o yaml");
        var name = await lab.RunAsync($"get cm/colours -n {ns} -o name");
        var path = await lab.RunAsync($"get cm colours -n {ns} -o jsonpath={{.data.sky}}");
        var template = await lab.RunAsync($"get cm colours -n {ns} -o go-template={{{{.data.sky}}}}");

        Assert.Equal(("ConfigMap", "v1", "blue"), (json["kind"]!.GetValue<string>(), json["apiVersion"]!.GetValue<string>(), json["data"]!["sky"]!.GetValue<string>()));
        Assert.Contains("\n  sky: blue\n", yaml);
        Assert.Equal("configmap/colours\n", name);
        Assert.Equal("blue", path);
        Assert.Equal("blue", template);
    }

    [Fact]
    public async Task Get_with_custom_columns_and_sorting()
    {
        var ns = lab.NewNamespace();
        foreach (var name in (string[])["b", "c", "a"]) await lab.RunAsync($"create configmap {name} -n {ns} --from-literal=x={name}");

        var output = await lab.RunAsync($"get cm -n {ns} --field-selector metadata.name!=kube-root-ca.crt --sort-by=.metadata.name -o custom-columns=N:.metadata.name,X:.data.x");

        Assert.Matches(@"^N +X\na +a\nb +b\nc +c\n$", output);
    }

    [Fact]
    public async Task Get_in_all_namespaces_names_them()
    {
        var ns = await WithConfigAsync();

        var output = await lab.RunAsync("get configmaps -A");

        Assert.Matches(@"^NAMESPACE +NAME +DATA +AGE\n", output);
        Assert.Matches($@"\n{ns} +colours +2 +", output);
    }

    [Fact]
    public async Task Labels_select()
    {
        var ns = lab.NewNamespace();
        foreach (var (name, labels) in ((string, string)[])[("one", "tier=front,env=test"), ("two", "tier=back,env=test"), ("three", "env=live")])
        {
            await lab.RunAsync($"create configmap {name} -n {ns}");
            await lab.RunAsync($"label configmap {name} -n {ns} {labels.Replace(',', ' ')}");
        }

        Assert.Equal("configmap/one\n", await lab.RunAsync($"get cm -n {ns} -l tier=front -o name"));
        Assert.Equal("configmap/one\nconfigmap/two\n", await lab.RunAsync($"get cm -n {ns} -l 'tier in (front,back),env' -o name"));
        Assert.Equal("configmap/three\n", await lab.RunAsync($"get cm -n {ns} -l 'env,!tier' -o name"));
        Assert.Equal("configmap/two\n", await lab.RunAsync($"get cm -n {ns} -l tier,tier!=front -o name"));
        Assert.Contains("front", await lab.RunAsync($"get cm -n {ns} -L tier"));
    }

    [Fact]
    public async Task Fields_select()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"run one -n {ns} --image=one");
        await lab.RunAsync($"wait pod/one -n {ns} --for=condition=Ready --timeout=30s");

        Assert.Equal("pod/one\n", await lab.RunAsync($"get pods -n {ns} --field-selector status.phase=Running -o name"));
        Assert.Equal("", await lab.RunAsync($"get pods -n {ns} --field-selector status.phase!=Running -o name"));
        var refused = await lab.TryAsync($"get pods -n {ns} --field-selector spec.shoe=41");
        Assert.Contains("field label not supported: spec.shoe", refused.Errors);
    }

    [Fact]
    public async Task A_missing_object_is_reported_as_such()
    {
        var result = await lab.TryAsync("get deployment nobody");

        Assert.Equal((1, "Error from server (NotFound): deployments.apps \"nobody\" not found\n"), (result.ExitCode, result.Errors));
    }

    [Fact]
    public async Task A_watch_shows_changes_until_its_time_is_over()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create configmap seen -n {ns}");
        var seen = await lab.RunAsync($"get cm seen -n {ns} -o jsonpath={{.metadata.resourceVersion}}");
        await lab.RunAsync($"label cm seen -n {ns} later=yes");

        // All that a watch shows comes from the server; the request's time limit ends it.
        var output = await lab.TryAsync($"get cm seen -n {ns} -w --show-labels --request-timeout=2s");

        Assert.Matches(@"seen +0 +\d+s +later=yes", output.Output);
        Assert.NotEmpty(seen);
    }

    [Fact]
    public async Task Describe_shows_a_pod_with_its_events()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"run web -n {ns} --image=web:1 --port=8080 --labels=app=web");
        await lab.RunAsync($"wait pod/web -n {ns} --for=condition=Ready --timeout=30s");

        var output = await lab.RunAsync($"describe pod web -n {ns}");

        Assert.Matches(@"Name: +web\nNamespace: +" + ns, output);
        Assert.Matches(@"Status: +Running", output);
        Assert.Matches(@"IP: +10\.244\.", output);
        Assert.Matches(@"Port: +8080/TCP", output);
        Assert.Matches(@"Normal +Scheduled .* Successfully assigned " + ns + "/web to node", output);
    }

    [Fact]
    public async Task Describe_works_for_nodes_namespaces_services_and_accounts()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create service clusterip front -n {ns} --tcp=80:8080");

        Assert.Matches(@"Ready +True", await lab.RunAsync("describe node node1"));
        Assert.Matches(@"Status: +Active", await lab.RunAsync($"describe namespace {ns}"));
        Assert.Matches(@"TargetPort: +8080/TCP", await lab.RunAsync($"describe service front -n {ns}"));
        Assert.Matches(@"Name: +default", await lab.RunAsync($"describe serviceaccount default -n {ns}"));
    }

    [Fact]
    public async Task Explain_tells_what_fields_mean_for_built_in_and_custom_kinds()
    {
        var deployment = await lab.RunAsync("explain deployment.spec.strategy.rollingUpdate");
        var policy = await lab.RunAsync("explain authorizationpolicy.spec");

        Assert.Matches(@"maxSurge\s+<", deployment);
        Assert.Contains("Pods above the wanted number", deployment);
        Assert.Contains("ALLOW (default), DENY, AUDIT or CUSTOM.", policy);
        Assert.Matches(@"targetRefs\s+<\[\]Object>", policy);
        Assert.NotEqual(0, (await lab.TryAsync("explain pod.spec.shoe")).ExitCode);
    }

    [Fact]
    public async Task Api_resources_and_versions_list_the_mesh_kinds()
    {
        var resources = await lab.RunAsync("api-resources");
        var gateway = await lab.RunAsync("api-resources --api-group=gateway.networking.k8s.io --namespaced=true -o name");
        var versions = await lab.RunAsync("api-versions");

        Assert.Matches(@"authorizationpolicies +ap +security\.istio\.io/v1 +true +AuthorizationPolicy", resources);
        Assert.Matches(@"deployments +deploy +apps/v1 +true +Deployment", resources);
        Assert.Contains("httproutes.gateway.networking.k8s.io\n", gateway);
        Assert.Contains("networking.istio.io/v1beta1\n", versions);
    }

    [Fact]
    public async Task Every_listed_resource_can_be_listed()
    {
        var names = (await lab.RunAsync("api-resources --verbs=list -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var output = await lab.RunAsync($"get {string.Join(',', names)} -A -o name");

        Assert.True(names.Length > 40, $"only {names.Length} kinds");
        Assert.Contains("namespace/default", output);
    }

    [Fact]
    public async Task Version_and_cluster_info_know_the_server()
    {
        Assert.Contains("v1.32.0-playground", await lab.RunAsync("version"));
        Assert.Contains(lab.Api.Url, await lab.RunAsync("cluster-info"));
        Assert.Contains(lab.Api.Url, await lab.RunAsync("config view"));
        Assert.Equal("playground\n", await lab.RunAsync("config current-context"));
    }

    [Fact]
    public async Task Raw_paths_are_served()
    {
        Assert.Equal("ok", await lab.RunAsync("get --raw /readyz"));
        Assert.Equal("NamespaceList", JsonNode.Parse(await lab.RunAsync("get --raw /api/v1/namespaces?limit=1"))!["kind"]!.GetValue<string>());
    }

    [Fact]
    public async Task Logs_come_from_whoever_runs_the_pods()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"run talker -n {ns} --image=talker");

        Assert.Equal("hello from talker/talker\nsecond line\nthird line\n", await lab.RunAsync($"logs talker -n {ns}"));
        Assert.Equal("third line\n", await lab.RunAsync($"logs talker -n {ns} --tail=1"));
    }

    [Fact]
    public async Task Events_of_a_namespace_are_listed()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create deployment web -n {ns} --image=web");
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");

        var output = await lab.RunAsync($"get events -n {ns}");

        Assert.Matches(@"Normal +ScalingReplicaSet +deployment/web +Scaled up replica set web-\w+ from 0 to 1", output);
        Assert.Contains("ScalingReplicaSet", await lab.RunAsync($"get events -n {ns} --field-selector involvedObject.kind=Deployment"));
    }

    private async Task<string> WithConfigAsync()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create configmap colours -n {ns} --from-literal=sky=blue --from-literal=grass=green");
        return ns;
    }
}
