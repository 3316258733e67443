package t;

import java.util.List;

public record Point(int x, List<Inner> inner) {
    public record Inner(String name) {}

    public static Point echo(Point p) {
        return new Point(p.x() + 1, p.inner());
    }
}
