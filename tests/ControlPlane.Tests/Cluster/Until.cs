namespace Ambient.ControlPlane.Tests.Cluster;

/// <summary>Waits for what other threads bring about; the limit only ends a test that has failed.</summary>
internal static class Until
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20), Look = TimeSpan.FromMilliseconds(5);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !condition();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Limit, $"Not within {Limit}: {what}");
            await Task.Delay(Look, TimeProvider.System);
        }
    }
}
