package t;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;

/** Neither the class nor its constructor is public. */
class Hidden implements RequestHandler<Order, Order> {
    private Hidden() {}

    @Override
    public Order handleRequest(Order order, Context context) {
        return order;
    }
}
