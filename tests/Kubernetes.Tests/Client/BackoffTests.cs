using Ambient.Kubernetes.Client;

namespace Ambient.Kubernetes.Tests.Client;

public sealed class BackoffTests
{
    [Fact]
    public void Delays_double_up_to_the_longest_and_start_over_after_a_success()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), new Random(3));
        double[] bases = [1, 2, 4, 5, 5];

        foreach (var seconds in bases)
            Assert.InRange(backoff.Next().TotalSeconds, seconds, 2 * seconds);
        backoff.Reset();

        Assert.InRange(backoff.Next().TotalSeconds, 1, 2);
    }
}
