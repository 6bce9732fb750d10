using Millrace.Connect.Postgres;
using Millrace.Connect.Postgres.Types;

namespace Millrace.Unit.Connect;

public sealed class DefaultValueTests
{
    [Theory]
    [InlineData("int4", "42", "42")]
    [InlineData("int4", "'-1'::integer", "-1")]
    [InlineData("int8", "'9000000000'::bigint", "9000000000")]
    [InlineData("int4", "nextval('s'::regclass)", "0")]
    [InlineData("int4", "(1 + 2)", null)]
    [InlineData("text", "'it''s'::text", "\"it's\"")]
    [InlineData("text", "CURRENT_USER", null)]
    [InlineData("text", "('a'::text || 'b'::text)", null)]
    [InlineData("text", "NULL::text", null)]
    [InlineData("bool", "true", "true")]
    [InlineData("timestamp", "now()", "0")]
    [InlineData("text", "now()", null)]
    [InlineData("uuid", "gen_random_uuid()", "\"00000000-0000-0000-0000-000000000000\"")]
    [InlineData("int4", "'x'::text", null)]
    public void OnlyKnownValuesAreDefaults(string type, string expression, string? expected)
    {
        var mapping = new TypeMapping(new ValueModes(), new Dictionary<uint, PgType>
        {
            [1] = new PgType(1, type, 'b', 0, 0, -1),
        });
        Assert.Equal(expected, DefaultValue.Json(expression, mapping.Resolve(1, -1)));
    }
}
