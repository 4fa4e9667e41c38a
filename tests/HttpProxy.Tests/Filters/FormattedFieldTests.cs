using System.Net;
using System.Text;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Filters;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests.Filters;

public sealed class FormattedFieldTests
{
    [Theory]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS%", "[2001:db8::1]:4242")]
    [InlineData("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "2001:db8::1")]
    [InlineData("%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "192.0.2.7:1")]
    [InlineData("%DOWNSTREAM_LOCAL_ADDRESS%", "10.0.0.1:80")]
    [InlineData("%PROTOCOL%", "HTTP/1.0")]
    [InlineData("%START_TIME%", "2026-03-04T05:06:07.089Z")]
    [InlineData("%START_TIME(%d/%m/%Y %H-%M-%S %1f %6f %f)%", "04/03/2026 05-06-07 0 089000 089000100")]
    [InlineData("%START_TIME(%s)%", "1772600767")]
    [InlineData("%REQ(x):3%-%REQ(X)%", "val-value")]
    [InlineData("%REQ(hidden?x)%%REQ(hidden)%", "value")]
    [InlineData("%RESP(x)%%RESP(x?y)%", "")] // there is no response
    [InlineData("%DOWNSTREAM_PEER_URI_SAN%", "")]
    public void A_value_is_put_together_of_its_parts(string value, string expected)
    {
        var parser = new RequestParser(Http1Limits.Default);
        parser.Feed("GET /a HTTP/1.0\r\nHost: a\r\nX: value\r\nHidden: forged\r\n\r\n"u8, out _);
        var facts = new FieldFacts(parser.Head, new DateTimeOffset(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero).AddTicks(1))
        {
            Client = new(IPAddress.Parse("2001:db8::1"), 4242), Peer = new(IPAddress.Parse("192.0.2.7"), 1), Local = new(IPAddress.Parse("10.0.0.1"), 80),
        };

        var field = Assert.Single(FieldEdits.Of(["hidden"], new HeaderEdits { Add = [new("x-told", value, HasOperators: true)] }).Formatted);

        Assert.Equal(expected, Encoding.UTF8.GetString(field.Format(facts, 0, null, new byte[FormattedField.MostBytes])));
    }

    [Fact]
    public void What_has_no_operators_is_as_it_was()
    {
        var edits = FieldEdits.Of(new HeaderEdits { Set = [new("a", "%PROTOCOL%"), new("b", "%PROTOCOL%", HasOperators: true)], Add = [new("c", "d")] });

        Assert.Equal(["a=%PROTOCOL%", "c=d"], edits.Added.Select(static field => $"{Encoding.ASCII.GetString(field.Name)}={Encoding.ASCII.GetString(field.Value)}"));
        Assert.Equal("b", Encoding.ASCII.GetString(Assert.Single(edits.Formatted).Name));
    }
}
