using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.State;

/// <summary>After any deltas in any order, each look-up gives what looking at everything gives.</summary>
public sealed class MeshStateProperties
{
    private static readonly string[] Uids = ["c//Pod/a/1", "c//Pod/a/2", "c//Pod/b/3", "c/x/WorkloadEntry/a/4"];
    private static readonly ServiceKey[] Keys = [new("a", "web"), new("b", "web"), new("a", "api")];
    private static readonly string[] Ips = ["10.0.0.1", "10.0.0.2", "fd00::1"];
    private static readonly string[] Vips = ["10.9.0.1", "10.9.0.2"];
    private static readonly string[] Names = ["a/p", "b/p", "a/q"];

    private static Gen<T[]> Some<T>(T[] all) => Gen.SubListOf(all).Select(list => list.ToArray());

    private static Gen<bool> Flag => Gen.Elements(true, false);

    private static readonly Gen<Workload> Workloads =
        from uid in Gen.Elements(Uids) from ips in Some(Ips) from services in Some(Keys) from policies in Some(Names)
        from hbone in Flag from healthy in Flag from hostNetwork in Gen.Elements(true, false, false) from ns in Gen.Elements("a", "b")
        select new Workload
        {
            Uid = uid, Namespace = ns, Addresses = ips.Select(IPAddress.Parse).ToEquatableArray(),
            Services = services.Select(key => new ServiceMembership(key, default)).ToEquatableArray(),
            AuthorizationPolicies = policies.ToEquatableArray(), Protocol = hbone ? TunnelProtocol.Hbone : TunnelProtocol.None,
            Status = healthy ? WorkloadStatus.Healthy : WorkloadStatus.Unhealthy,
            NetworkMode = hostNetwork ? NetworkMode.HostNetwork : NetworkMode.Standard,
        };

    private static readonly Gen<Service> Services =
        from key in Gen.Elements(Keys) from vips in Some(Vips) from canonical in Flag from hidden in Flag from allowAll in Flag
        select new Service
        {
            Namespace = key.Namespace, Hostname = key.Hostname, Canonical = canonical,
            Vips = vips.Select(ip => new NetworkAddress("", IPAddress.Parse(ip))).ToEquatableArray(),
            Visibility = hidden ? Visibility.Namespace : Visibility.Public,
            LoadBalancing = new() { HealthPolicy = allowAll ? HealthPolicy.AllowAll : HealthPolicy.OnlyHealthy },
        };

    private static readonly Gen<NamedPolicy> Policies =
        from name in Gen.Elements(Names) from scope in Gen.Elements(PolicyScope.Global, PolicyScope.Namespace, PolicyScope.WorkloadSelector)
        from action in Gen.Elements(PolicyAction.Allow, PolicyAction.Deny)
        select new NamedPolicy(name, new() { Namespace = name[..1], Name = "same", Scope = scope, Action = action });

    private static readonly Gen<ResourceDelta> Deltas =
        from workloads in Workloads.ListOf(2) from services in Services.ListOf(1) from policies in Policies.ListOf(1)
        from removed in Some([.. Uids, .. Keys.Select(key => key.ToString())]) from removedPolicies in Some(Names)
        from what in Gen.Elements(0, 1, 2, 3, 4)
        select new ResourceDelta
        {
            Workloads = what is 0 or 4 ? workloads : [], Services = what is 1 or 4 ? services : [], Policies = what is 2 or 4 ? policies : [],
            RemovedAddresses = what is 3 ? removed : [], RemovedPolicies = what is 3 ? removedPolicies : [],
        };

    [Fact]
    public void Every_lookup_agrees_with_looking_at_everything() => Prop.ForAll(Deltas.ListOf(12).ToArbitrary(), deltas =>
    {
        var (state, expected) = (new MeshState(), new ReferenceMesh());
        foreach (var delta in deltas)
        {
            state.Apply(delta);
            expected.Apply(delta);
        }
        AssertSame(expected, state.Current);
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Fact]
    public void In_one_batch_or_in_many_the_same_comes_out() => Prop.ForAll(Workloads.ListOf(6).ToArbitrary(), Services.ListOf(3).ToArbitrary(), (workloads, services) =>
    {
        var (many, one) = (new MeshState(), new MeshState());
        foreach (var workload in workloads) many.Apply(new() { Workloads = [workload] });
        foreach (var service in services) many.Apply(new() { Services = [service] });
        one.Apply(new() { Workloads = [.. workloads], Services = [.. services] });

        var expected = new ReferenceMesh();
        expected.Apply(new() { Workloads = [.. workloads], Services = [.. services] });
        AssertSame(expected, many.Current);
        AssertSame(expected, one.Current);
        return true;
    }).QuickCheckThrowOnFailure();

    private static void AssertSame(ReferenceMesh expected, MeshSnapshot mesh)
    {
        foreach (var uid in Uids)
        {
            var workload = mesh.FindWorkload(uid);
            Assert.Equal(expected.Find(uid), workload);
            if (workload is null) continue;
            var policies = mesh.PoliciesFor(workload);
            Assert.Equal(expected.PoliciesFor(workload), policies.Policies.Select(policy => $"{Named(mesh, policy)} {policy.Action}").Order());
            Assert.Equal(expected.MissingFor(workload), policies.Missing);
        }
        foreach (var address in Ips.Select(ip => new NetworkAddress("", IPAddress.Parse(ip))))
            Assert.Equal(expected.Find(address), mesh.FindWorkload(address));
        foreach (var client in new[] { "a", "b", "c", null })
        {
            foreach (var vip in Vips.Select(ip => new NetworkAddress("", IPAddress.Parse(ip))))
                Assert.Equal(expected.FindNamed(vip.ToString(), client), mesh.FindService(vip, client)?.Service);
            foreach (var host in Keys.Select(key => key.Hostname))
                Assert.Equal(expected.FindNamed(host, client), mesh.FindService(host, client)?.Service);
        }
        foreach (var key in Keys)
        {
            Assert.Equal(expected.Find(key), mesh.FindService(key)?.Service);
            if (mesh.FindService(key) is { } entry)
                Assert.Equal(expected.EndpointsOf(key), entry.Endpoints.Select(endpoint => endpoint.Workload.Uid).Order());
        }
    }

    private static string Named(MeshSnapshot mesh, AuthorizationPolicy policy) =>
        mesh.Policies.Single(named => ReferenceEquals(named.Policy, policy)).ResourceName;
}
