package t;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;

@JsonIgnoreProperties("left")
public class Annotated {
    @JsonProperty("given-name")
    private String name;
    @JsonProperty
    private int hidden = 3;
    @JsonIgnore
    public String ignored = "ignored";
    public String left = "left";
    private Fixed fixed;

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public Fixed getFixed() {
        return fixed;
    }

    public void setFixed(Fixed fixed) {
        this.fixed = fixed;
    }

    public String getURLOfName() {
        return "url";
    }

    public static Annotated echo(Annotated event) {
        return event;
    }

    public static final class Fixed {
        private final int x;

        @JsonCreator
        Fixed(@JsonProperty("x") int x) {
            this.x = x;
        }

        public int getX() {
            return x;
        }
    }
}
