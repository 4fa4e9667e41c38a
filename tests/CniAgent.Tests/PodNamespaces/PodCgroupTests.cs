using Ambient.CniAgent.PodNamespaces;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.CniAgent.Tests.PodNamespaces;

public sealed class PodCgroupTests
{
    private const string Uid = "2c48913c-b29f-11e7-9350-020968147796";
    private const string Underscored = "2c48913c_b29f_11e7_9350_020968147796";

    [Theory]
    [InlineData($"0::/kubepods/burstable/pod{Uid}/9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961")]
    [InlineData($"0::/kubepods/pod{Uid}/abc")]
    [InlineData($"12:memory:/kubepods/besteffort/pod{Uid}/abc\n1:name=systemd:/kubepods/besteffort/pod{Uid}/abc\n0::/")]
    [InlineData($"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Underscored}.slice/cri-containerd-abc.scope")]
    [InlineData($"0::/kubepods.slice/kubepods-pod{Underscored}.slice/crio-abc.scope")]
    [InlineData($"0::/../../kubepods-besteffort-pod{Underscored}.slice/cri-containerd-abc.scope")] // seen from another cgroup namespace
    [InlineData($"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{Uid}/x\n3:cpu:/kubepods/pod{Uid}/x")]
    public void The_pods_uid_is_found(string text) => Assert.Equal(Uid, PodCgroup.FindUid(text));

    [Theory]
    [InlineData("")]
    [InlineData("0::/")]
    [InlineData("0::/system.slice/ssh.service")]
    [InlineData($"0::/{Uid}")]
    [InlineData($"0::/evilpod{Uid}/x")]
    [InlineData($"0::/user-pod{Uid}.slice/x")]
    [InlineData("0::/kubepods/pod2c48913c-b29f-11e7-9350-02096814779/x")]
    [InlineData("0::/kubepods/podZc48913c-b29f-11e7-9350-020968147796/x")]
    [InlineData($"2:cpu:/kubepods/pod{Uid}/x\n1:memory:/kubepods/pod00000000-0000-0000-0000-000000000000/x")] // two pods at once
    public void Whatever_else_is_no_pod(string text) => Assert.Null(PodCgroup.FindUid(text));

    [Fact]
    public void No_text_breaks_it() => Prop.ForAll(
        Gen.Elements(":", "/", "\n", "pod", "kubepods", "-", ".slice", Uid, Underscored, "..", "é").ListOf().Select(static pieces => string.Concat(pieces)).ToArbitrary(),
        static text => PodCgroup.FindUid(text) is null or Uid).QuickCheckThrowOnFailure();
}
