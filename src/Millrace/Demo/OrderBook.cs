namespace Millrace.Demo;

/// <summary>
/// What one writer of the application does next: it takes orders, changes them, ships them, cancels them, looks after
/// customers. Each writer has ids and orders of its own. Not thread-safe.
/// </summary>
internal sealed class OrderBook(int writer, int writers)
{
    private const int MostOpenOrders = 400;

    private readonly Random _random = new(writer);
    private readonly List<Order> _open = [];
    private long _orders;
    private long _customers;

    public ShopTransaction Next() => _random.Next(100) switch
    {
        < 4 => PlaceOrder(isRolledBack: true),
        < 9 => NewCustomer(),
        < 16 => ChangeCustomer(),
        < 40 when _open.Count > 0 => ShipOrder(),
        < 50 when _open.Count > 0 => ChangeQuantity(),
        < 54 when _open.Count > 0 => MoveLine(),
        < 64 when _open.Count > 0 => CancelOrder(),
        _ => _open.Count < MostOpenOrders ? PlaceOrder(isRolledBack: false) : CancelOrder(),
    };

    /// <summary>Products are taken in the order of their ids, so that no two writers wait for each other.</summary>
    private ShopTransaction PlaceOrder(bool isRolledBack)
    {
        var order = new Order(Shop.Orders + NextId(ref _orders), []);
        var products = Enumerable.Range(0, _random.Next(1, 5)).Select(_ => _random.Next(1, Shop.Products + 1))
            .Distinct().Order().ToList();
        var transaction = new ShopTransaction
        {
            IsRolledBack = isRolledBack,
            OnCommitted = () => _open.Add(order),
        };
        transaction.Add("orders",
            "INSERT INTO orders (id, customer_id, status, total, placed_at) "
            + "VALUES ($1, $2, 'new', 0, clock_timestamp())",
            order.Id, (long)_random.Next(1, Shop.Customers + 1));
        foreach (var product in products)
        {
            var line = new Line(order.Lines.Count + 1, product, _random.Next(1, 6));
            order.Lines.Add(line);
            transaction.Add("order_lines",
                "INSERT INTO order_lines (order_id, line, product_id, quantity, amount) "
                + "SELECT $1, $2, id, $4, price * $4 FROM products WHERE id = $3",
                order.Id, line.Number, (long)product, line.Quantity);
            transaction.Add("products", TakeFromStock, (long)product, line.Quantity);
        }

        return transaction.Add("orders", UpdateTotal, order.Id);
    }

    private ShopTransaction ShipOrder()
    {
        var order = Pick();
        return new ShopTransaction { OnCommitted = () => _open.Remove(order) }
            .Add("orders", "UPDATE orders SET status = 'shipped', version = version + 1 WHERE id = $1", order.Id);
    }

    private ShopTransaction ChangeQuantity()
    {
        var order = Pick();
        var at = _random.Next(order.Lines.Count);
        var line = order.Lines[at];
        var quantity = _random.Next(1, 9);
        return new ShopTransaction { OnCommitted = () => order.Lines[at] = line with { Quantity = quantity } }
            .Add("order_lines",
                "UPDATE order_lines SET quantity = $3, amount = amount / quantity * $3, version = version + 1 "
                + "WHERE order_id = $1 AND line = $2",
                order.Id, line.Number, quantity)
            .Add("products", TakeFromStock, (long)line.Product, quantity - line.Quantity)
            .Add("orders", UpdateTotal, order.Id);
    }

    /// <summary>Changes a primary key.</summary>
    private ShopTransaction MoveLine()
    {
        var order = Pick();
        var at = _random.Next(order.Lines.Count);
        var line = order.Lines[at];
        var number = order.Lines.Max(l => l.Number) + 1;
        return new ShopTransaction { OnCommitted = () => order.Lines[at] = line with { Number = number } }
            .Add("order_lines",
                "UPDATE order_lines SET line = $3, version = version + 1 WHERE order_id = $1 AND line = $2",
                order.Id, line.Number, number);
    }

    private ShopTransaction CancelOrder()
    {
        var order = Pick();
        var transaction = new ShopTransaction { OnCommitted = () => _open.Remove(order) }
            .Add("order_lines", "DELETE FROM order_lines WHERE order_id = $1", order.Id);
        foreach (var line in order.Lines.OrderBy(l => l.Product))
            transaction.Add("products", TakeFromStock, (long)line.Product, -line.Quantity);
        return transaction.Add("orders", "DELETE FROM orders WHERE id = $1", order.Id);
    }

    private ShopTransaction NewCustomer()
    {
        var id = Shop.Customers + NextId(ref _customers);
        return new ShopTransaction().Add("customers", "INSERT INTO customers (id, name, email) VALUES ($1, $2, $3)",
            id, $"Alan Novak {id}", $"customer{id}@example.org");
    }

    private ShopTransaction ChangeCustomer() => new ShopTransaction().Add("customers",
        "UPDATE customers SET email = $2, version = version + 1 WHERE id = $1",
        (long)_random.Next(1, Shop.Customers + 1), $"moved{_random.Next(1_000_000)}@example.org");

    private Order Pick() => _open[_random.Next(_open.Count)];

    private long NextId(ref long count) => (++count * writers) + writer;

    private const string TakeFromStock =
        "UPDATE products SET stock = stock - $2, version = version + 1 WHERE id = $1";

    private const string UpdateTotal =
        "UPDATE orders SET total = (SELECT coalesce(sum(amount), 0) FROM order_lines WHERE order_id = $1), "
        + "version = version + 1 WHERE id = $1";

    private sealed record Order(long Id, List<Line> Lines);

    private sealed record Line(int Number, int Product, int Quantity);
}
