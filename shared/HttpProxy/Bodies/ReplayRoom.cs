namespace Ambient.HttpProxy.Bodies;

/// <summary>What the requests of one worker may keep together for another attempt. On its loop only.</summary>
/// <param name="most">Bytes, counted in whole slabs.</param>
internal sealed class ReplayRoom(long most)
{
    public long Taken { get; private set; }

    /// <returns>False if that would be too much; nothing was taken then.</returns>
    public bool TryTake(long bytes)
    {
        if (Taken + bytes > most) return false;
        Taken += bytes;
        return true;
    }

    public void Give(long bytes) => Taken -= bytes;
}
