using Npgsql;

namespace Millrace.Demo;

/// <summary>The database of the order-taking application. A version in each row counts its changes, so that a reader
/// of the changes notices when one is missing.</summary>
internal static class Shop
{
    public const int Customers = 500;
    public const int Products = 200;
    public const int Orders = 100;
    private const int LinesPerOrder = 2;

    /// <summary>The tables whose changes are captured.</summary>
    public static readonly string[] Tables = ["customers", "products", "orders", "order_lines"];

    /// <summary>In application_progress each writer notes, within the transaction, which of its transactions that is:
    /// after a broken connection it reads there whether the last one was committed.</summary>
    private const string Schema = """
        CREATE TABLE customers (
            id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, version int NOT NULL DEFAULT 1);
        CREATE TABLE products (
            id bigint PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL, stock int NOT NULL,
            version int NOT NULL DEFAULT 1);
        CREATE TABLE orders (
            id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, status text NOT NULL,
            total numeric(12,2) NOT NULL, placed_at timestamptz NOT NULL, version int NOT NULL DEFAULT 1);
        CREATE TABLE order_lines (
            order_id bigint REFERENCES orders, line int, product_id bigint NOT NULL REFERENCES products,
            quantity int NOT NULL, amount numeric(12,2) NOT NULL, version int NOT NULL DEFAULT 1,
            PRIMARY KEY (order_id, line));
        CREATE TABLE application_progress (writer int PRIMARY KEY, transaction bigint NOT NULL);
        INSERT INTO products (id, name, price, stock)
            SELECT i, (ARRAY['red','green','blue','plain','striped'])[1 + i % 5] || ' '
                || (ARRAY['lamp','chair','kettle','clock','basket','shelf','carpet'])[1 + i % 7] || ' ' || i,
                5 + i * 37 % 200 + 0.95, 1000
            FROM generate_series(1, @products) i;
        INSERT INTO customers (id, name, email)
            SELECT i, (ARRAY['Ada','Grace','Edsger','Barbara','Donald','Radia'])[1 + i % 6] || ' '
                || (ARRAY['Lind','Moss','Reyes','Okafor','Sato','Novak','Haddad'])[1 + i % 7],
                'customer' || i || '@example.org'
            FROM generate_series(1, @customers) i;
        INSERT INTO orders (id, customer_id, status, total, placed_at)
            SELECT i, i, 'shipped', 0, clock_timestamp() FROM generate_series(1, @orders) i;
        INSERT INTO order_lines (order_id, line, product_id, quantity, amount)
            SELECT o.id, line, p.id, line, p.price * line
            FROM orders o CROSS JOIN generate_series(1, @lines) line JOIN products p ON p.id = o.id + line - 1;
        """;

    /// <summary>The rows that are there before the application begins.</summary>
    public static long FirstRowsOf(IEnumerable<string> tables) => tables.Sum(table => table switch
    {
        "customers" => Customers,
        "products" => Products,
        "orders" => Orders,
        _ => Orders * LinesPerOrder,
    });

    public static async Task CreateAsync(PrivatePostgres postgres, CancellationToken cancelled)
    {
        await using var connection = await postgres.ConnectAsync(cancelled);
        await using var command = new NpgsqlCommand(Schema, connection)
        {
            Parameters =
            {
                new("products", Products), new("customers", Customers),
                new("orders", Orders), new("lines", LinesPerOrder),
            },
        };
        await command.ExecuteNonQueryAsync(cancelled);
    }
}
