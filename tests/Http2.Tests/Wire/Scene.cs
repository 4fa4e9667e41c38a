using Ambient.TestKit;

namespace Ambient.Http2.Tests.Wire;

/// <summary>One connection whose peer is the test.</summary>
internal sealed class Scene
{
    public Scene(Http2Role role, Http2Options? options = null)
    {
        Connection = new Http2Connection(role, options ?? new Http2Options(), Recorder, Recorder, Time);
        Connection.Start();
    }

    public ManualTime Time { get; } = new();
    public Recorder Recorder { get; } = new();
    public Http2Connection Connection { get; }

    /// <summary>A server after the client's preface and both SETTINGS; what it sent so far is taken.</summary>
    public static Scene Server(Http2Options? options = null, params (int Id, long Value)[] peerSettings)
    {
        var scene = new Scene(Http2Role.Server, options);
        scene.Receive(new FrameBuilder().Preface().Settings(peerSettings).SettingsAck());
        scene.Recorder.TakeSent();
        return scene;
    }

    /// <summary>A client after both SETTINGS; what it sent so far is taken.</summary>
    public static Scene Client(Http2Options? options = null, params (int Id, long Value)[] peerSettings)
    {
        var scene = new Scene(Http2Role.Client, options);
        scene.Receive(new FrameBuilder().Settings(peerSettings).SettingsAck());
        scene.Recorder.TakeSent();
        return scene;
    }

    public bool Receive(FrameBuilder frames) => Connection.Receive(frames.ToArray());

    /// <summary>Sends one full frame; false if the windows are used up (the stream then waits).</summary>
    public bool SendFrame(Http2Stream stream)
    {
        if (Connection.Sendable(stream) is not (> 0 and var length)) return false;
        Connection.SendData(stream, new byte[length], endStream: false);
        return true;
    }

    public Http2Stream Open(params string[] fields) =>
        Connection.TryOpen(FrameBuilder.Fields(fields.Length > 0 ? fields : FrameBuilder.GetFields), endStream: false)!;
}
