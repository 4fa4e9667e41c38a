using System.Text;

namespace Ambient.Playground.Tests.Kubectl;

/// <summary>Everyday commands that change single objects.</summary>
public sealed class WritingTests(KubectlLab lab) : IClassFixture<KubectlLab>
{
    [Fact]
    public async Task Create_makes_namespaces_accounts_configmaps_and_secrets()
    {
        Assert.Equal("namespace/shop created\n", await lab.RunAsync("create namespace shop"));
        Assert.Equal("serviceaccount/web created\n", await lab.RunAsync("create serviceaccount web -n shop"));
        Assert.Equal("configmap/settings created\n", await lab.RunAsync("create configmap settings -n shop --from-literal=a=b"));
        Assert.Equal("secret/key created\n", await lab.RunAsync("create secret generic key -n shop --from-literal=word=open"));

        Assert.Equal("default\nweb\n", await lab.RunAsync("get sa -n shop -o 'jsonpath={range .items[*]}{.metadata.name}{\"\\n\"}{end}'"));
        Assert.Equal(Convert.ToBase64String(Encoding.ASCII.GetBytes("open")), await lab.RunAsync("get secret key -n shop -o jsonpath={.data.word}"));
        Assert.Equal("shop", await lab.RunAsync("get ns shop -o jsonpath={.metadata.labels.kubernetes\\.io/metadata\\.name}"));
        Assert.Contains("BEGIN CERTIFICATE", await lab.RunAsync("get cm kube-root-ca.crt -n shop -o jsonpath={.data.ca\\.crt}"));
    }

    [Fact]
    public async Task Create_makes_roles_bindings_jobs_and_budgets()
    {
        var ns = lab.NewNamespace();

        Assert.Contains("created", await lab.RunAsync($"create role reader -n {ns} --verb=get,list --resource=pods"));
        Assert.Contains("created", await lab.RunAsync($"create rolebinding reader -n {ns} --role=reader --serviceaccount={ns}:default"));
        Assert.Contains("created", await lab.RunAsync($"create quota small -n {ns} --hard=pods=10"));
        Assert.Contains("created", await lab.RunAsync($"create job once -n {ns} --image=once -- true"));
        Assert.Contains("condition met", await lab.RunAsync($"wait job/once -n {ns} --for=condition=complete --timeout=30s"));

        Assert.Matches(@"reader +Role/reader", await lab.RunAsync($"get rolebindings -n {ns}"));
        Assert.Equal("get list pods", await lab.RunAsync($"get role reader -n {ns} -o 'jsonpath={{.rules[0].verbs[0]}} {{.rules[0].verbs[1]}} {{.rules[0].resources[0]}}'"));
    }

    [Fact]
    public async Task Create_token_gives_a_token_that_the_secured_listener_takes()
    {
        Assert.SkipUnless(await lab.MinorVersionAsync() >= 24, "this kubectl is older than `create token` (1.24)");
        var token = (await lab.RunAsync("create token default --duration=1h --audience=https://kubernetes.default.svc.cluster.local")).Trim();
        await File.WriteAllTextAsync(lab.PathOf("ca.crt"), lab.Api.RootPem);

        var secured = $"--server={lab.Api.TlsUrl} --certificate-authority={lab.PathOf("ca.crt")}";
        var allowed = await lab.RunAsync($"get ns default -o name {secured} --token={token}");
        var refused = await lab.TryAsync($"get ns default {secured} --token={token[..^4]}AAAA");

        Assert.Equal("namespace/default\n", allowed);
        Assert.Contains("must be logged in", refused.Errors);
    }

    [Fact]
    public async Task Label_and_annotate_set_overwrite_and_remove()
    {
        var ns = lab.NewNamespace();

        Assert.Equal($"namespace/{ns} labeled\n", await lab.RunAsync($"label namespace {ns} istio.io/dataplane-mode=ambient"));
        Assert.Contains("already has a value", (await lab.TryAsync($"label namespace {ns} istio.io/dataplane-mode=none")).Errors);
        Assert.Equal($"namespace/{ns} labeled\n", await lab.RunAsync($"label namespace {ns} istio.io/dataplane-mode=none --overwrite"));
        Assert.Equal($"namespace/{ns} annotated\n", await lab.RunAsync($"annotate namespace {ns} 'note=two words'"));
        Assert.Matches($"namespace/{ns} (un)?labeled\n", await lab.RunAsync($"label namespace {ns} istio.io/dataplane-mode-"));

        Assert.Equal("two words", await lab.RunAsync($"get ns {ns} -o jsonpath={{.metadata.annotations.note}}"));
    }

    [Fact]
    public async Task Patches_of_all_types_change_what_they_name()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create deployment web -n {ns} --image=web:1 --replicas=0");

        await lab.RunAsync($"patch deployment web -n {ns} -p '{{\"spec\":{{\"template\":{{\"spec\":{{\"containers\":[{{\"name\":\"web\",\"imagePullPolicy\":\"Never\"}}]}}}}}}}}'");
        await lab.RunAsync($"patch deployment web -n {ns} --type=merge -p '{{\"spec\":{{\"minReadySeconds\":5}}}}'");
        await lab.RunAsync($"patch deployment web -n {ns} --type=json -p '[{{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/0/image\",\"value\":\"web:2\"}}]'");

        Assert.Equal("web:2 Never 5", await lab.RunAsync(
            $"get deployment web -n {ns} -o 'jsonpath={{.spec.template.spec.containers[0].image}} {{.spec.template.spec.containers[0].imagePullPolicy}} {{.spec.minReadySeconds}}'"));
        var failed = await lab.TryAsync($"patch deployment web -n {ns} --type=json -p '[{{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":9}}]'");
        Assert.Equal(1, failed.ExitCode);
        Assert.Matches("test failed|The request is invalid", failed.Errors);
    }

    [Fact]
    public async Task A_status_is_patched_by_itself()
    {
        Assert.SkipUnless(await lab.MinorVersionAsync() >= 24, "this kubectl is older than `patch --subresource` (1.24)");
        var ns = lab.NewNamespace();
        await lab.RunAsync($"apply -n {ns} -f -", "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: w}, spec: {gatewayClassName: c, listeners: [{name: m, port: 15008, protocol: HBONE}]}}");

        await lab.RunAsync($"patch gateway w -n {ns} --subresource=status --type=merge -p '{{\"status\":{{\"addresses\":[{{\"value\":\"10.0.0.7\"}}]}},\"spec\":{{\"gatewayClassName\":\"other\"}}}}'");

        Assert.Matches(@"w +c +10\.0\.0\.7 +Unknown", await lab.RunAsync($"get gateways -n {ns}"));
    }

    [Fact]
    public async Task Edit_saves_what_the_editor_wrote()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create configmap a -n {ns} --from-literal=colour=red");

        var edited = await lab.TryAsync($"edit configmap a -n {ns}", editor: "sed -i s/red/green/");
        var untouched = await lab.TryAsync($"edit configmap a -n {ns}", editor: "true");

        Assert.Equal((0, "configmap/a edited\n"), (edited.ExitCode, edited.Output));
        Assert.Contains("no changes made", untouched.Output + untouched.Errors);
        Assert.Equal("green", await lab.RunAsync($"get cm a -n {ns} -o jsonpath={{.data.colour}}"));
    }

    [Fact]
    public async Task Run_makes_a_pod_that_becomes_ready()
    {
        var ns = lab.NewNamespace();

        Assert.Equal("pod/web created\n", await lab.RunAsync($"run web -n {ns} --image=web --env=A=b"));
        Assert.Equal("pod/web condition met\n", await lab.RunAsync($"wait pod/web -n {ns} --for=condition=Ready --timeout=30s"));

        Assert.Matches(@"web +1/1 +Running +0 +\d+s", await lab.RunAsync($"get pods -n {ns}"));
        var refused = await lab.TryAsync($"patch pod web -n {ns} -p '{{\"spec\":{{\"containers\":[{{\"name\":\"web\",\"command\":[\"x\"]}}]}}}}'");
        Assert.Contains("pod updates may not change fields other than", refused.Errors);
    }

    [Fact]
    public async Task Auth_can_i_answers()
    {
        Assert.Equal("yes\n", await lab.RunAsync("auth can-i create deployments"));
        Assert.Equal("yes\n", await lab.RunAsync("auth can-i '*' '*' -A"));
        Assert.Contains("*.*", await lab.RunAsync("auth can-i --list"));
    }

    [Fact]
    public async Task Cordon_and_drain_leave_a_node_empty()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"create deployment web -n {ns} --image=web --replicas=4");
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");

        await lab.RunAsync("drain node2 --ignore-daemonsets --force --timeout=30s");
        await lab.RunAsync($"rollout status deployment/web -n {ns} --timeout=30s");

        Assert.Matches(@"node2 +Ready,SchedulingDisabled", await lab.RunAsync("get nodes"));
        Assert.Equal("", await lab.RunAsync($"get pods -n {ns} --field-selector spec.nodeName=node2 -o name"));
        Assert.Equal("node/node2 uncordoned\n", await lab.RunAsync("uncordon node2"));
    }
}
