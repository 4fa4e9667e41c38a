namespace Ambient.Playground.Tests.Kubectl;

/// <summary>Documents from files: apply in both forms, diff, replace, validation.</summary>
public sealed class ApplyTests(KubectlLab lab) : IClassFixture<KubectlLab>
{
    private static string Deployment(int replicas, string image, string extra = "") => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          labels: {app: web}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers:
              - name: web
                image: {{{image}}}
                ports: [{containerPort: 80}]
              {{{extra}}}
        """;

    [Fact]
    public async Task Apply_creates_configures_and_leaves_alone()
    {
        var ns = lab.NewNamespace();

        Assert.Equal("deployment.apps/web created\n", await lab.RunAsync($"apply -n {ns} -f -", Deployment(1, "web:1")));
        Assert.Equal("deployment.apps/web unchanged\n", await lab.RunAsync($"apply -n {ns} -f -", Deployment(1, "web:1")));
        Assert.Equal("deployment.apps/web configured\n", await lab.RunAsync($"apply -n {ns} -f -", Deployment(2, "web:2")));
        Assert.Equal("2 web:2", await lab.RunAsync($"get deployment web -n {ns} -o 'jsonpath={{.spec.replicas}} {{.spec.template.spec.containers[0].image}}'"));
    }

    [Fact]
    public async Task Apply_merges_containers_by_name_and_removes_those_no_longer_named()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"apply -n {ns} -f -", Deployment(1, "web:1", "- {name: helper, image: helper}"));

        await lab.RunAsync($"set env deployment/web -n {ns} -c web COLOUR=blue");
        await lab.RunAsync($"apply -n {ns} -f -", Deployment(1, "web:2"));

        Assert.Equal("web=web:2 blue", await lab.RunAsync(
            $"get deployment web -n {ns} -o 'jsonpath={{range .spec.template.spec.containers[*]}}{{.name}}={{.image}} {{.env[0].value}}{{end}}'"));
    }

    [Fact]
    public async Task Several_documents_of_several_kinds_are_applied_and_deleted_in_one_go()
    {
        var ns = lab.NewNamespace();
        var documents = """
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: shop}
            ---
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: shop}
            spec:
              selector: {matchLabels: {app: shop}}
              action: ALLOW
              rules:
              - from: [{source: {principals: ["cluster.local/ns/shop/sa/web"]}}]
                to: [{operation: {ports: ["8080"]}}]
            ---
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: strict}
            spec: {mtls: {mode: STRICT}}
            """;

        var applied = await lab.RunAsync($"apply -n {ns} -f -", documents);
        var shown = await lab.RunAsync($"get ap,pa -n {ns}");
        var deleted = await lab.RunAsync($"delete -n {ns} -f -", documents);

        Assert.Equal("serviceaccount/shop created\nauthorizationpolicy.security.istio.io/shop created\npeerauthentication.security.istio.io/strict created\n", applied);
        Assert.Matches(@"shop +ALLOW +\d+s", shown);
        Assert.Matches(@"strict +STRICT +\d+s", shown);
        Assert.Contains("authorizationpolicy.security.istio.io \"shop\" deleted", deleted);
    }

    [Fact]
    public async Task Misspelled_fields_are_refused_by_name()
    {
        var ns = lab.NewNamespace();

        var builtIn = await lab.TryAsync($"apply -n {ns} -f -", Deployment(1, "web").Replace("replicas:", "replica:", StringComparison.Ordinal));
        var custom = await lab.TryAsync($"apply -n {ns} -f -", "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {actoin: DENY}}");

        Assert.Equal((1, 1), (builtIn.ExitCode, custom.ExitCode));
        Assert.Contains("unknown field", builtIn.Errors);
        Assert.Contains("replica", builtIn.Errors);
        Assert.Contains("actoin", custom.Errors);
    }

    [Fact]
    public async Task Values_that_the_kind_does_not_allow_are_refused_with_their_field()
    {
        var ns = lab.NewNamespace();

        var result = await lab.TryAsync($"apply -n {ns} -f -", "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {action: PERHAPS}}");

        Assert.Contains("spec.action: Unsupported value: \"PERHAPS\": supported values: \"ALLOW\", \"DENY\", \"AUDIT\", \"CUSTOM\"", result.Errors);
    }

    [Fact]
    public async Task Server_side_apply_conflicts_over_fields_and_forces()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"apply -n {ns} --server-side --field-manager=one -f -", Deployment(1, "web:1"));

        var conflict = await lab.TryAsync($"apply -n {ns} --server-side --field-manager=two -f -", Deployment(2, "web:1"));
        var forced = await lab.RunAsync($"apply -n {ns} --server-side --field-manager=two --force-conflicts -f -", Deployment(2, "web:1"));

        Assert.Equal(1, conflict.ExitCode);
        Assert.Contains("Apply failed with 1 conflict: conflict with \"one\": .spec.replicas", conflict.Errors);
        Assert.Equal("deployment.apps/web serverside-applied\n", forced);
        var owners = await lab.RunAsync($"get --raw /apis/apps/v1/namespaces/{ns}/deployments/web");
        Assert.Contains("{\"manager\":\"one\",\"operation\":\"Apply\"", owners);
        Assert.Contains("{\"manager\":\"two\",\"operation\":\"Apply\"", owners);
    }

    [Fact]
    public async Task Server_side_apply_removes_what_its_owner_no_longer_names()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"apply -n {ns} --server-side -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '1', y: '2'}}");
        await lab.RunAsync($"patch cm a -n {ns} --type=merge -p '{{\"data\":{{\"z\":\"3\"}}}}'");

        await lab.RunAsync($"apply -n {ns} --server-side -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '1'}}");

        Assert.Equal("{\"x\":\"1\",\"z\":\"3\"}", await lab.RunAsync($"get cm a -n {ns} -o jsonpath={{.data}}"));
    }

    [Fact]
    public async Task Diff_shows_what_apply_would_change()
    {
        var ns = lab.NewNamespace();
        await lab.RunAsync($"apply -n {ns} -f -", Deployment(1, "web:1"));

        var same = await lab.TryAsync($"diff -n {ns} -f -", Deployment(1, "web:1"));
        var other = await lab.TryAsync($"diff -n {ns} -f -", Deployment(3, "web:1"));

        Assert.Equal((0, ""), (same.ExitCode, same.Output));
        Assert.Equal(1, other.ExitCode);
        Assert.Matches(@"\n-  replicas: 1\n\+  replicas: 3\n", other.Output);
        Assert.Equal("1", await lab.RunAsync($"get deployment web -n {ns} -o jsonpath={{.spec.replicas}}"));
    }

    [Fact]
    public async Task Create_refuses_what_exists_and_replace_what_does_not()
    {
        var ns = lab.NewNamespace();
        const string map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '1'}}";

        var missing = await lab.TryAsync($"replace -n {ns} -f -", map);
        var created = await lab.RunAsync($"create -n {ns} -f -", map);
        var twice = await lab.TryAsync($"create -n {ns} -f -", map);
        var replaced = await lab.RunAsync($"replace -n {ns} -f -", map.Replace("'1'", "'2'", StringComparison.Ordinal));

        Assert.Contains("(NotFound)", missing.Errors);
        Assert.Equal("configmap/a created\n", created);
        Assert.Contains("(AlreadyExists): error when creating \"STDIN\": configmaps \"a\" already exists", twice.Errors);
        Assert.Equal("configmap/a replaced\n", replaced);
    }

    [Fact]
    public async Task A_dry_run_on_the_server_keeps_nothing()
    {
        var ns = lab.NewNamespace();

        var output = await lab.RunAsync($"apply -n {ns} --dry-run=server -f -", Deployment(1, "web:1"));

        Assert.Equal("deployment.apps/web created (server dry run)\n", output);
        Assert.Equal("", await lab.RunAsync($"get deployments -n {ns} -o name"));
    }

    [Fact]
    public async Task A_definition_makes_its_kind_served_at_once()
    {
        var definition = """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: shoes.wear.example}
            spec:
              group: wear.example
              scope: Namespaced
              names: {kind: Shoe, plural: shoes, shortNames: [sh]}
              versions:
              - name: v1
                served: true
                storage: true
                additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
                subresources: {status: {}}
                schema:
                  openAPIV3Schema:
                    type: object
                    properties:
                      spec:
                        type: object
                        required: [size]
                        properties:
                          size: {type: integer, minimum: 20, maximum: 50}
                          colour: {type: string, default: black}
            """;
        var ns = lab.NewNamespace();
        await lab.RunAsync("apply -f -", definition);
        await lab.RunAsync("wait --for=condition=Established crd/shoes.wear.example --timeout=20s");

        var created = await lab.RunAsync($"apply -n {ns} -f -", "{apiVersion: wear.example/v1, kind: Shoe, metadata: {name: left}, spec: {size: 41}}");
        var tooBig = await lab.TryAsync($"apply -n {ns} -f -", "{apiVersion: wear.example/v1, kind: Shoe, metadata: {name: right}, spec: {size: 99}}");

        Assert.Equal("shoe.wear.example/left created\n", created);
        Assert.Contains("spec.size in body should be less than or equal to 50", tooBig.Errors);
        Assert.Matches(@"left +41", await lab.RunAsync($"get sh -n {ns}"));
        Assert.Equal("black", await lab.RunAsync($"get shoe left -n {ns} -o jsonpath={{.spec.colour}}"));
        await lab.RunAsync("delete crd shoes.wear.example");
        Assert.Matches("(NotFound)|doesn't have a resource type", (await lab.TryAsync($"get shoes -n {ns}")).Errors);
    }
}
