using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Deploy.Tests.Rights;

public sealed class RightTests
{
    [Fact]
    public void Roles_are_taken_apart_and_cover_what_they_give_and_no_more()
    {
        var manifest = Yaml.ParseAll("""
            kind: Role
            metadata: {name: a, namespace: n}
            rules:
            - {apiGroups: [""], resources: [secrets], resourceNames: [x, "y"], verbs: [get, update]}
            ---
            kind: RoleBinding
            metadata: {name: b, namespace: n}
            roleRef: {kind: Role, name: a}
            subjects: [{kind: ServiceAccount, name: me, namespace: n}]
            """).Cast<JsonObject>().ToList();

        var rights = Right.Of(manifest, "me");

        Assert.Equal(["get secrets x in n", "get secrets y in n", "update secrets x in n", "update secrets y in n"], rights.Select(right => right.ToString()).Order());
        Assert.Contains(rights, right => right.Covers(new("update", "", "secrets", "", "n", "x")));
        Assert.DoesNotContain(rights, right => right.Covers(new("update", "", "secrets", "", "other", "x")));
        Assert.DoesNotContain(rights, right => right.Covers(new("update", "", "secrets", "status", "n", "x")));
        Assert.DoesNotContain(rights, right => right.Covers(new("get", "", "secrets", "", "n", "z")));
        Assert.Empty(Right.Of(manifest, "you"));
    }
}
