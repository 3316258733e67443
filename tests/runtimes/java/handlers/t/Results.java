package t;

import com.amazonaws.services.lambda.runtime.Context;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Results of every kind, by the name that comes as the event. */
public class Results {
    public static class Empty {}

    public static class Bad {
        public String getIt() {
            throw new IllegalStateException("a getter");
        }
    }

    public Object handleRequest(String name, Context context) {
        switch (name) {
            case "null":
                return null;
            case "text":
                return "\"\\\n\u0001\u00e5\ud83d\ude00\ud83d";
            case "char":
                return 'c';
            case "numbers":
                return new Object[] {(byte) 1, 2L, 0.5f, 1e300, BigInteger.TEN.pow(20), Double.NaN};
            case "arrays":
                return new Object[] {new int[] {1}, new boolean[0], new String[][] {{"a"}, null}};
            case "bytes":
                return Collections.singletonMap(7, new byte[] {1, 2});
            case "buffer":
                return ByteBuffer.wrap(new byte[] {0, 1, 2, 3}, 1, 2);
            case "enum":
                return Collections.singletonMap(Order.Kind.LARGE, Order.Kind.SMALL);
            case "date":
                return new Date(1500);
            case "uuid":
                return new UUID(1, 2);
            case "optional":
                return new Object[] {Optional.of(1), Optional.empty()};
            case "class":
                return String.class;
            case "path":
                return java.nio.file.Paths.get("a/b");
            case "instant":
                return java.time.Instant.ofEpochSecond(0);
            case "empty":
                return new Empty();
            case "circle":
                List<Object> circle = new ArrayList<>();
                circle.add(circle);
                return circle;
            case "bad":
                return new Bad();
            default:
                throw new IllegalArgumentException(name);
        }
    }
}
