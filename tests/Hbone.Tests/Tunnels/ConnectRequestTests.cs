using System.Text;
using Ambient.Hbone.Tunnels;
using Ambient.Http2;

namespace Ambient.Hbone.Tests.Tunnels;

/// <summary>CONNECT and its answer as other implementations read and write them.</summary>
public sealed class ConnectRequestTests
{
    // RFC 9113 §8.5: without :scheme and :path.
    [Fact]
    public void The_names_on_the_wire_are_those_that_others_know()
    {
        var request = new ConnectRequest("10.0.0.1:80")
        {
            Baggage = "k8s.cluster.name=c1", Forwarded = "for=\"10.0.0.9:1\";host=web.shop", TraceParent = "00-a-b-00", ForwardedNetwork = "west",
        };

        Assert.Equal(
        [
            ":method: CONNECT", ":authority: 10.0.0.1:80", "baggage: k8s.cluster.name=c1", "forwarded: for=\"10.0.0.9:1\";host=web.shop",
            "traceparent: 00-a-b-00", "x-forwarded-network: west",
        ], Lines(request.WriteTo));
        Assert.Equal([":method: CONNECT", ":authority: web.shop:80"], Lines(new ConnectRequest("web.shop:80") { Baggage = "" }.WriteTo));
        Assert.Equal([":status: 200", "baggage: k8s.namespace.name=shop"], Lines(new ConnectAnswer(200, "k8s.namespace.name=shop").WriteTo));
        Assert.Equal([":status: 401"], Lines(new ConnectAnswer(401).WriteTo));
    }

    [Fact]
    public void Baggage_in_several_headers_is_one_and_of_other_headers_the_first_counts()
    {
        var headers = new HeaderList();
        headers.Add(":method"u8, "CONNECT");
        headers.Add(":authority"u8, "web:80");
        headers.Add("baggage"u8, "a=1");
        headers.Add("forwarded"u8, "host=first");
        headers.Add("forwarded"u8, "host=second");
        headers.Add("baggage"u8, "b=2");

        Assert.Equal(new ConnectRequest("web:80") { Baggage = "a=1,b=2", Forwarded = "host=first" }, ConnectRequest.TryRead(headers));
    }

    [Fact]
    public void Another_method_and_no_authority_are_no_request()
    {
        var (get, nowhere) = (new HeaderList(), new HeaderList());
        get.Add(":method"u8, "GET");
        get.Add(":authority"u8, "web:80");
        nowhere.Add(":method"u8, "CONNECT");

        Assert.Null(ConnectRequest.TryRead(get));
        Assert.Null(ConnectRequest.TryRead(nowhere));
    }

    private static string[] Lines(Action<HeaderList> write)
    {
        var headers = new HeaderList();
        write(headers);
        return [.. Enumerable.Range(0, headers.Count).Select(i => $"{Encoding.ASCII.GetString(headers[i].Name)}: {Encoding.ASCII.GetString(headers[i].Value)}")];
    }
}
