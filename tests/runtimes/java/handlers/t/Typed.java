package t;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.List;
import java.util.Map;

/** The type of the event is told by what the class extends. */
public class Typed extends TypedBase<Map<String, Order>, List<String>> {
    @Override
    List<String> answer(Map<String, Order> event) {
        List<String> names = new java.util.ArrayList<>();
        for (Order order : event.values()) {
            names.add(order.getCustomer());
        }
        return names;
    }
}

abstract class TypedBase<I, O> implements RequestHandler<I, O> {
    @Override
    public O handleRequest(I event, Context context) {
        return answer(event);
    }

    abstract O answer(I event);
}
