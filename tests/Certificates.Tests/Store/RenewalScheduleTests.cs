using Ambient.Certificates.Store;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Certificates.Tests.Store;

public sealed class RenewalScheduleTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Pauses_double_from_one_second_vary_by_a_fifth_and_never_pass_the_cap() =>
        Prop.ForAll<int, PositiveInt>((seed, failures) =>
        {
            var schedule = new RenewalSchedule(new CertificateStoreOptions(), new Random(seed));
            var expected = Math.Min(150, Math.Pow(2, Math.Min(failures.Get - 1, 30)));

            var pause = schedule.AfterFailure(failures.Get, serving: null, Now).TotalSeconds;

            return pause >= expected * 0.8 - 0.001 && pause <= Math.Min(150, expected * 1.2) + 0.001;
        }).QuickCheckThrowOnFailure();
}
