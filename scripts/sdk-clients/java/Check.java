import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.openapitools.client.ApiClient;

/** Parses and prints each body with the generated types. The argument is the file of samples. */
public class Check {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = ApiClient.createDefaultObjectMapper();
        List<Object> printed = new ArrayList<>();
        for (JsonNode body : mapper.readTree(new File(arguments[0]))) {
            Class<?> type = Class.forName("org.openapitools.client.model." + body.get(0).asText());
            printed.add(mapper.treeToValue(body.get(1), type));
        }
        System.out.println(mapper.writeValueAsString(printed));
    }
}
