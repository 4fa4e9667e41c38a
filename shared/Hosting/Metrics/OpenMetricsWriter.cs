using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Ambient.Hosting.Metrics;

/// <summary>OpenMetrics 1.0 text. A family's HELP and TYPE lines appear with its first sample, so an empty family leaves no trace.</summary>
/// <param name="flush">Sends what was written, or some of it; false if nobody takes it any more. Null keeps all of it in <paramref name="output"/>.</param>
public sealed class OpenMetricsWriter(IBufferWriter<byte> output, Func<ValueTask<bool>>? flush = null)
{
    private string _name = "", _type = "", _help = "";
    private bool _announced;

    public void BeginFamily(string name, string type, string help)
    {
        (_name, _type, _help) = (name, type, help);
        _announced = false;
    }

    /// <summary>Between two series: lets what was written go.</summary>
    /// <returns>False if no more is wanted.</returns>
    public ValueTask<bool> FlushAsync() => flush?.Invoke() ?? new(true);

    /// <param name="suffix">Behind the family's name: <c>_total</c>, <c>_sum</c>, … or nothing.</param>
    /// <param name="values">One for each label; null leaves that label out.</param>
    public void Sample(string suffix, ReadOnlySpan<string> labels, ReadOnlySpan<string?> values, long value)
    {
        BeginSample(suffix, labels, values);
        value.TryFormat(output.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
        output.Write("\n"u8);
    }

    public void Sample(string suffix, ReadOnlySpan<string> labels, ReadOnlySpan<string?> values, double value)
    {
        BeginSample(suffix, labels, values);
        Write(Format(value));
        output.Write("\n"u8);
    }

    internal void End() => output.Write("# EOF\n"u8);

    /// <summary>Shortest form that reads back; whole numbers keep <c>.0</c>, as OpenMetrics writes bucket bounds.</summary>
    internal static string Format(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E', 'N') || double.IsInfinity(value) ? text : text + ".0";
    }

    private void BeginSample(string suffix, ReadOnlySpan<string> labels, ReadOnlySpan<string?> values)
    {
        if (!_announced) Announce();
        Write(_name);
        Write(suffix);
        WriteLabels(labels, values);
        output.Write(" "u8);
    }

    private void Announce()
    {
        _announced = true;
        Write($"# HELP {_name} {_help.Replace("\\", "\\\\").Replace("\n", "\\n")}\n");
        Write($"# TYPE {_name} {_type}\n");
    }

    private void WriteLabels(ReadOnlySpan<string> labels, ReadOnlySpan<string?> values)
    {
        var separator = "{"u8;
        for (var i = 0; i < labels.Length; i++)
        {
            if (values[i] is not { } value) continue;
            output.Write(separator);
            separator = ","u8;
            Write(labels[i]);
            output.Write("=\""u8);
            WriteEscaped(value);
            output.Write("\""u8);
        }

        if (separator[0] == ',') output.Write("}"u8);
    }

    private void WriteEscaped(ReadOnlySpan<char> value)
    {
        while (value.IndexOfAny('\\', '"', '\n') is >= 0 and var at)
        {
            Write(value[..at]);
            output.Write(value[at] switch { '\\' => "\\\\"u8, '"' => "\\\""u8, _ => "\\n"u8 });
            value = value[(at + 1)..];
        }

        Write(value);
    }

    private void Write(ReadOnlySpan<char> text)
    {
        Utf8.FromUtf16(text, output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)), out _, out var written);
        output.Advance(written);
    }
}
