namespace Ambient.Playground.Tests.Kubectl;

/// <summary>Everyday commands around workloads: scaling, roll-outs, services, deletion.</summary>
public sealed class WorkloadTests(KubectlLab lab) : IClassFixture<KubectlLab>
{
    [Fact]
    public async Task Create_deployment_ends_with_ready_pods()
    {
        var ns = await WithDeploymentAsync(3);

        Assert.Matches(@"web +3/3 +3 +3 +\d+s", await lab.RunAsync($"get deployment web -n {ns}"));
        Assert.Matches(@"web-\w+ +3 +3 +3 ", await lab.RunAsync($"get rs -n {ns}"));
        Assert.Equal(3, (await lab.RunAsync($"get pods -n {ns} -l app=web -o name")).Count(c => c == '\n'));
        Assert.Matches(@"deployment\.apps/web +3/3", await lab.RunAsync($"get all -n {ns}"));
    }

    [Fact]
    public async Task Scale_changes_the_number_of_pods()
    {
        var ns = await WithDeploymentAsync(1);

        Assert.Equal("deployment.apps/web scaled\n", await lab.RunAsync($"scale deployment web -n {ns} --replicas=4"));
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");
        var refused = await lab.TryAsync($"scale deployment web -n {ns} --replicas=9 --current-replicas=2");

        Assert.Matches(@"web +4/4", await lab.RunAsync($"get deployment -n {ns}"));
        Assert.Contains("Expected replicas to be 2, was 4", refused.Errors);
    }

    [Fact]
    public async Task Set_image_rolls_out_and_undo_goes_back()
    {
        var ns = await WithDeploymentAsync(2);

        Assert.Equal("deployment.apps/web image updated\n", await lab.RunAsync($"set image deployment/web -n {ns} web=web:2"));
        Assert.Contains("successfully rolled out", await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s"));
        Assert.Equal("web:2", await ImageAsync(ns));
        Assert.Equal("deployment.apps/web rolled back\n", await lab.RunAsync($"rollout undo deployment/web -n {ns}"));
        Assert.Contains("successfully rolled out", await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s"));

        Assert.Equal("web:1", await ImageAsync(ns));
        Assert.Matches(@"REVISION +CHANGE-CAUSE\n2 +<none>\n3 +<none>", await lab.RunAsync($"rollout history deployment/web -n {ns}"));
    }

    [Fact]
    public async Task Restart_replaces_all_pods()
    {
        var ns = await WithDeploymentAsync(2);
        var before = await lab.RunAsync($"get pods -n {ns} -o name");

        Assert.Equal("deployment.apps/web restarted\n", await lab.RunAsync($"rollout restart deployment/web -n {ns}"));
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");

        var after = (await lab.RunAsync($"get pods -n {ns} -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, after.Length);
        Assert.DoesNotContain(after, pod => before.Contains(pod, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_paused_deployment_waits_until_it_is_resumed()
    {
        var ns = await WithDeploymentAsync(1);
        await lab.RunAsync($"rollout pause deployment/web -n {ns}");
        await lab.RunAsync($"set image deployment/web -n {ns} web=web:9");

        Assert.Equal("deployment.apps/web resumed\n", await lab.RunAsync($"rollout resume deployment/web -n {ns}"));
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");

        Assert.Equal("web:9", await ImageAsync(ns));
    }

    [Fact]
    public async Task Expose_makes_a_service_with_an_address_and_endpoints()
    {
        var ns = await WithDeploymentAsync(2);

        Assert.Equal("service/web exposed\n", await lab.RunAsync($"expose deployment web -n {ns} --port=80 --target-port=8080"));
        await lab.RunAsync($"wait pod -l app=web -n {ns} --for=condition=Ready --timeout=30s");

        Assert.Matches(@"web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80/TCP", await lab.RunAsync($"get service web -n {ns}"));
        var slices = await Until(async () => await lab.RunAsync($"get endpointslices -n {ns} -l kubernetes.io/service-name=web"), output => output.Contains("10.244.", StringComparison.Ordinal));
        Assert.Matches(@"web-\w+ +IPv4 +8080 +10\.244\.\d+\.\d+,10\.244\.\d+\.\d+", slices);
    }

    [Fact]
    public async Task Deleting_a_deployment_takes_its_pods_along()
    {
        var ns = await WithDeploymentAsync(2);

        Assert.StartsWith("deployment.apps \"web\" deleted", await lab.RunAsync($"delete deployment web -n {ns} --cascade=foreground"));

        Assert.Equal("", await lab.RunAsync($"get deployments,rs,pods -n {ns} -o name"));
    }

    [Fact]
    public async Task Deleting_with_orphans_leaves_the_pods()
    {
        var ns = await WithDeploymentAsync(2);

        await lab.RunAsync($"delete deployment web -n {ns} --cascade=orphan");

        Assert.Equal(2, (await lab.RunAsync($"get pods -n {ns} -o name")).Count(c => c == '\n'));
        Assert.Contains("replicaset.apps/web-", await lab.RunAsync($"get rs -n {ns} -o name"));
    }

    [Fact]
    public async Task Delete_takes_several_by_label_and_everything_by_all()
    {
        var ns = lab.NewNamespace();
        foreach (var name in (string[])["a", "b", "c"]) await lab.RunAsync($"create configmap {name} -n {ns}");
        await lab.RunAsync($"label cm a b -n {ns} gone=yes");

        var byLabel = await lab.RunAsync($"delete cm -n {ns} -l gone=yes");
        var missing = await lab.TryAsync($"delete cm a -n {ns}");
        await lab.RunAsync($"delete cm a c -n {ns} --ignore-not-found");
        await lab.RunAsync($"delete secrets -n {ns} --all");

        Assert.Contains("configmap \"a\" deleted", byLabel);
        Assert.Contains("(NotFound)", missing.Errors);
        Assert.Equal("configmap/kube-root-ca.crt\n", await lab.RunAsync($"get cm -n {ns} -o name"));
    }

    [Fact]
    public async Task Deleting_a_namespace_removes_everything_in_it()
    {
        var ns = await WithDeploymentAsync(2);

        Assert.Contains($"namespace \"{ns}\" deleted", await lab.RunAsync($"delete namespace {ns} --timeout=30s"));

        Assert.Contains("(NotFound)", (await lab.TryAsync($"get namespace {ns}")).Errors);
        Assert.DoesNotContain(ns, await lab.RunAsync("get pods,rs,deployments,sa -A"));
    }

    [Fact]
    public async Task A_daemon_set_runs_on_each_node()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"apply -n {ns} -f -", """
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: agent}
            spec:
              selector: {matchLabels: {app: agent}}
              template:
                metadata: {labels: {app: agent}}
                spec: {containers: [{name: agent, image: agent}]}
            """);

        Assert.Contains("successfully rolled out", await lab.RunAsync($"rollout status ds/agent -n {ns} --timeout=30s"));
        Assert.Matches(@"agent +2 +2 +2 +2 +2 +<none>", await lab.RunAsync($"get ds -n {ns}"));
    }

    private async Task<string> WithDeploymentAsync(int replicas)
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create deployment web -n {ns} --image=web:1 --replicas={replicas}");
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");
        return ns;
    }

    private Task<string> ImageAsync(string ns) => lab.RunAsync($"get deployment web -n {ns} -o jsonpath={{.spec.template.spec.containers[0].image}}");

    // The controllers work beside us; what they owe comes within the limit.
    private static async Task<string> Until(Func<Task<string>> look, Predicate<string> good)
    {
        var output = "";
        for (var tries = 0; tries < 50 && !good(output); tries++) output = await look();
        return output;
    }
}
