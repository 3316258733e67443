package t;

import java.math.BigDecimal;
import java.net.URI;
import java.util.Date;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** A bean with every kind of property. */
public class Order {
    public enum Kind { SMALL, LARGE }

    public static class Item {
        public String name;
        public double price;
        public transient int skipped = 7;
        private Item part;

        public Item getPart() {
            return part;
        }

        public void setPart(Item part) {
            this.part = part;
        }
    }

    public static class Page<T> {
        public T[] all;
        public List<? extends T> some;
        public Map<String, List<T>> named;
    }

    public static final String CONSTANT = "not a property";

    public Page<Item> page;
    public int[] numbers;
    public long big;
    public Float share;
    public short small;
    public char letter;
    public byte[] data;
    public Kind kind;
    public EnumMap<Kind, Integer> counts;
    public Set<String> tags;
    public UUID id;
    public URI link;
    public Date at;
    public BigDecimal total;
    public Number any;
    public java.time.Instant instant;
    public List<List<Boolean>> nested;

    private String customer;
    private boolean urgent;
    private List<Item> items;
    private String secret = "secret";

    public String getCustomer() {
        return customer;
    }

    public Order setCustomer(String customer) { // as builders do
        this.customer = customer;
        return this;
    }

    public boolean isUrgent() {
        return urgent;
    }

    public void setUrgent(boolean urgent) {
        this.urgent = urgent;
    }

    public List<Item> getItems() {
        return items;
    }

    public void setItems(List<Item> items) {
        this.items = items;
    }

    public static Order echo(Order order) {
        return order;
    }

    /** Finds out that list items and map values have their types. */
    public static Object types(Order order) {
        Item[] all = order.page.all;
        double sum = 0;
        for (Item item : all) {
            sum += item.price;
        }
        for (Item item : order.page.some) {
            sum += item.price;
        }
        for (Item item : order.page.named.get("x")) {
            sum += item.price;
        }
        for (Item item : order.items) {
            sum += item.price;
        }
        return sum;
    }
}
