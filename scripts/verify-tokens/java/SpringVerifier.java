import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.MalformedURLException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.*;

/** Reads access tokens, one a line, and prints the user of each, or why there is none. */
@Configuration
class SpringVerifier {
// SNIPPET

    public static void main(String[] arguments) throws IOException {
        var decoder = new AnnotationConfigApplicationContext(SpringVerifier.class).getBean(JwtDecoder.class);
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                System.out.println("user " + decoder.decode(line).getSubject());
            } catch (BadJwtException e) {
                System.out.println("refused " + e.toString().replace('\n', ' '));
            } catch (JwtException e) {
                System.out.println("unavailable " + e.toString().replace('\n', ' '));
            }
        }
    }
}
